/**
 * The contents of a pid file: the process, a fingerprint that no later process with the same pid
 * shares, and the address of the process's probes.
 */
import { Option, Result } from "effect"
import * as ListenAddress from "./ListenAddress.ts"

export interface PidFile {
  readonly pid: number
  /** `pgq:` and a hash of facts that differ for every process. */
  readonly fingerprint: string
  readonly probes: Option.Option<ListenAddress.ListenAddress>
}

/** The first line is the pid alone, so that `kill $(head -1 FILE)` works. */
export const format = ({ fingerprint, pid, probes }: PidFile): string =>
  [
    pid,
    fingerprint,
    ...Option.toArray(Option.map(probes, (address) => `probes ${ListenAddress.format(address)}`)),
    ""
  ].join("\n")

/** Reads a pid file; fails with the reason if pgq did not write it. */
export const parse = (text: string): Result.Result<PidFile, string> => {
  const match = /^([1-9]\d{0,9})\n(pgq:[0-9a-f]{16})\n(?:probes (.+)\n)?$/.exec(text)
  const pid = Number(match?.[1])
  const fingerprint = match?.[2]
  const address = match?.[3]
  const probes = Option.flatMap(Option.fromUndefinedOr(address), ListenAddress.parse)
  return fingerprint === undefined || pid > 4_294_967_295 ||
      address !== undefined && Option.isNone(probes)
    ? Result.fail(text.trim() === "" ? "is empty" : "is not a pid file of pgq")
    : Result.succeed({ pid, fingerprint, probes })
}

/** A fingerprint of facts about a process: its start time and the boot. */
export const fingerprintOf = (facts: ReadonlyArray<string>): string =>
  `pgq:${fnv1a64(facts.join("\0")).toString(16).padStart(16, "0")}`

/**
 * The start time in `/proc/PID/stat`, in ticks since boot; `undefined` for a process that has
 * ended.
 */
export const startTimeOf = (stat: string): string | undefined => {
  // The second field, the program's name in brackets, may itself contain spaces and brackets.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 1).trim().split(/\s+/)
  return state === "Z" || state === "X" ? undefined : fields[18]
}

const fnv1a64 = (text: string): bigint =>
  Array.from(Buffer.from(text)).reduce(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n),
    0xcbf29ce484222325n
  )
