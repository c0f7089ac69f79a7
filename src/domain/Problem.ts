/**
 * A problem of a schema: its code, how bad it is, its evidence, and the next step.
 */
import { Schema } from "effect"

/** The codes of all problems, and what each of them means. The most urgent stands first. */
export const meanings = {
  "NoWorker": "a queue has jobs, and no live worker",
  "PromotionLag": "due jobs are not made ready",
  "WorkerFrozen": "a worker does not renew its lease",
  "NoHandler": "no live worker has a handler for a name",
  "QueueLate": "the jobs of a queue wait for longer than they should",
  "LaneBlocked": "lanes wait for a person",
  "FailureRate": "many jobs of a name fail",
  "WorkerDied": "workers died lately",
  "HorizonPinned": "something keeps dead rows from being vacuumed, and makes claims slow",
  "PoisonSuspects": "workers died while they had a job",
  "Bloat": "a table has many more dead rows than live ones",
  "PartitionMissing": "the history of today has no partition",
  "Paused": "a queue is paused for long",
  "VersionSkew": "workers run more than one version for long"
} as const

/** The name of a problem, for programs. */
export type ProblemCode = keyof typeof meanings

/** From the most urgent. */
export const codes: ReadonlyArray<ProblemCode> = [
  "NoWorker",
  "PromotionLag",
  "WorkerFrozen",
  "NoHandler",
  "QueueLate",
  "LaneBlocked",
  "FailureRate",
  "WorkerDied",
  "HorizonPinned",
  "PoisonSuspects",
  "Bloat",
  "PartitionMissing",
  "Paused",
  "VersionSkew"
]

/** One problem. */
export const Problem = Schema.Struct({
  code: Schema.Literals(codes),
  /** Somebody has to act on a `bad` problem; a `notice` is worth knowing. */
  severity: Schema.Literals(["bad", "notice"]),
  /** A sentence for people. */
  text: Schema.String,
  /** The facts behind the sentence, for programs. */
  evidence: Schema.Record(
    Schema.String,
    Schema.NullOr(Schema.Union([Schema.String, Schema.Finite]))
  ),
  /** A command or a statement to paste. */
  next: Schema.String
})

export interface Problem extends Schema.Schema.Type<typeof Problem> {}

/** A problem with the number by which it is ranked among those of its code. */
export interface Weighed extends Problem {
  readonly weight: number
}

/** From the worst. No two problems have the same rank unless they say the same. */
export const byRank = (a: Weighed, b: Weighed): number =>
  Number(a.severity === "notice") - Number(b.severity === "notice") ||
  codes.indexOf(a.code) - codes.indexOf(b.code) ||
  b.weight - a.weight ||
  compare(a.text, b.text)

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
