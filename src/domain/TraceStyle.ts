/**
 * How the span of a run stands to the span that added its job.
 */
import type { ClaimedJob } from "./JobRecord.ts"

/**
 * With "child" the run belongs to the trace of the program that added the job. With "link" it
 * begins a trace of its own, with a link to that one. With "auto" it is a child if it is the first
 * attempt of a job that was to run at once and has waited for less than an hour; else it is a link.
 */
export type TraceStyle = "auto" | "child" | "link"

export const styles: ReadonlyArray<TraceStyle> = ["auto", "child", "link"]

/** Whether a run is a child that begins after its job was due for so many milliseconds. */
export const isChild = (
  style: TraceStyle,
  { attempt, wasScheduled = false }: Pick<ClaimedJob, "attempt" | "wasScheduled">,
  waited: number
): boolean =>
  style === "child" || (style === "auto" && attempt === 1 && !wasScheduled && waited < promptFor)

/** Milliseconds. A trace that goes on for longer is cut into two by most who keep traces. */
const promptFor = 3_600_000
