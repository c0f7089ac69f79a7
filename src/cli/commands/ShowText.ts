/**
 * All that is known of a job, as text for people and as JSON.
 */
import type { LogLine } from "../../domain/JobLog.ts"
import type { JobRun } from "../../domain/JobRun.ts"
import type { SeenJob } from "../../domain/JobView.ts"
import type { Why } from "../../domain/Why.ts"
import * as StatusText from "../StatusText.ts"
import * as LogText from "./LogText.ts"
import * as RunText from "./RunText.ts"
import * as WhyText from "./WhyText.ts"

export interface Shown extends SeenJob {
  readonly id: bigint
  /** JSON text; `undefined` for a job that has ended, or if the role may not see it. */
  readonly payload: string | undefined
  readonly why: Why
  /** The newest first. */
  readonly runs: ReadonlyArray<JobRun>
  /** The oldest first. */
  readonly log: ReadonlyArray<LogLine>
}

export const runsMax = 10
export const linesMax = 20

export const of = (shown: Shown, now: number): string => {
  const { id, log, runs, why } = shown
  return [
    headOf(shown).map(StatusText.printable).join("\n"),
    WhyText.ofAll([{ of: `job ${id}`, id, why }], now),
    ...(runs.length === 0 ? [] : [section("runs that did not complete", runs.map(RunText.line))]),
    ...(log.length === 0 ? [] : [section("log", [
      ...log.map(LogText.line),
      ...(log.length < linesMax ? [] : [`these are the first lines; pgq logs ${id} shows all`])
    ])])
  ].join("\n\n")
}

const headOf = ({ id, lane, name, payload, progress, state }: Shown): ReadonlyArray<string> => [
  `job ${id}${name === undefined ? "" : ` ${name}`}: ${state}`,
  ...(lane === undefined
    ? []
    : [`queue ${lane.queue}${lane.key === undefined ? "" : `, key ${lane.key}`}`]),
  ...(payload === undefined ? [] : [`payload ${payload}`]),
  ...(progress === undefined
    ? []
    : [`${Math.floor(progress.fraction * 100)} % done at ${progress.at.toISOString()}`])
]

const section = (title: string, lines: ReadonlyArray<string>): string =>
  [`${title}:`, ...lines.map((line) => line.replaceAll("\n", "\n  "))].join("\n  ")

export const json = ({ id, lane, log, name, payload, progress, runs, state, why }: Shown): string =>
  JSON.stringify(
    {
      id: String(id),
      name: name ?? null,
      state,
      queue: lane?.queue ?? null,
      key: lane?.key ?? null,
      payload: payload ?? null,
      progress: progress ?? null,
      why: WhyText.jsonOf({ id, why }),
      runs: runs.map(RunText.json),
      log
    },
    undefined,
    2
  )
