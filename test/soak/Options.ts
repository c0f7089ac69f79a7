/**
 * The options of a soak, from its command line.
 */
import { parseArgs } from "node:util"
import { shortSeconds } from "./Quotas.ts"

export interface Options {
  readonly seed: string
  /** How long faults are injected. */
  readonly faultSeconds: number
  readonly server: "15" | "18"
  readonly mode: "row-lock" | "advisory" | "mixed"
  readonly via: "direct" | "pgbouncer"
  readonly mutant: string | undefined
  /** The jobs that all producers together add in a second. */
  readonly rate: number
  /** The frequency of faults, as a multiple of the usual one. */
  readonly pace: number
}

/** The exit code of a soak that cannot run on this machine. */
export const skipped = 3

export const usage = `npm run soak -- [--short | --minutes N] [--seed TEXT] [--server 18|15]
  [--mode row-lock|advisory|mixed] [--via direct|pgbouncer] [--mutant NAME] [--rate N] [--pace N]`

/** Answers the options, or an error text. */
export const parse = (args: ReadonlyArray<string>): Options | string => {
  const text = { type: "string" } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: "boolean", default: false },
      minutes: { ...text, default: "5" },
      seed: { ...text, default: String(process.hrtime.bigint() % 1_000_000n) },
      server: { ...text, default: "18" },
      mode: { ...text, default: "mixed" },
      via: { ...text, default: "direct" },
      mutant: text,
      rate: { ...text, default: "200" },
      pace: { ...text, default: "1" }
    }
  })
  const { minutes, mode, mutant, pace, rate, seed, server, short, via } = values
  const numbers = { minutes: Number(minutes), rate: Number(rate), pace: Number(pace) }
  const wrong = Object.entries(numbers).find(([, value]) => !(value > 0))
  if (wrong !== undefined) return `--${wrong[0]} must be a number above zero`
  if (server !== "15" && server !== "18") return "--server is 15 or 18"
  if (mode !== "row-lock" && mode !== "advisory" && mode !== "mixed") {
    return "--mode is row-lock, advisory or mixed"
  }
  if (via !== "direct" && via !== "pgbouncer") return "--via is direct or pgbouncer"
  return {
    seed,
    server,
    mode,
    via,
    mutant,
    faultSeconds: short ? shortSeconds : numbers.minutes * 60,
    rate: numbers.rate,
    pace: numbers.pace
  }
}
