/**
 * The errors with which a test fails: a run that failed, and expectations that do not hold.
 */
import { Cause, Data } from "effect"

/**
 * A run of `TestQueue.drain` failed: it is tried again, failed for good, or had no handler. Its end
 * is recorded. `cause` is the Cause of its exit.
 *
 * @example
 * ```ts
 * import { Cause, Effect } from "effect"
 * import { TestQueue } from "pgq/testing"
 *
 * export const program = TestQueue.drain().pipe(
 *   Effect.catchTag("RunFailed", ({ cause, name }) => Effect.logInfo(name, Cause.squash(cause))),
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export class RunFailed extends Data.TaggedError("RunFailed")<{
  readonly id: bigint
  readonly name: string
  readonly attempt: number
  readonly settlement: "Retried" | "Failed" | "Unhandled"
  readonly cause: Cause.Cause<unknown>
}> {
  override get message(): string {
    const { attempt, cause, id, name, settlement } = this
    return `job ${id} of "${name}", attempt ${attempt}: ${ends[settlement]}\n` +
      Cause.pretty(cause)
  }
}

const ends = {
  Retried: "the run failed, and is tried again",
  Failed: "the run failed, and the job with it",
  Unhandled: "the job has no handler"
}

/**
 * A job was enqueued by a job that was enqueued by a job, and so on, or was made ready by its own
 * run again and again, without an end. `names` are the last ten.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TestQueue } from "pgq/testing"
 *
 * export const program = TestQueue.drain().pipe(
 *   Effect.catchTag("ChainEndless", ({ names }) => Effect.logInfo(names.join())),
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export class ChainEndless extends Data.TaggedError("ChainEndless")<{
  readonly length: number
  readonly names: ReadonlyArray<string>
}> {
  override get message(): string {
    return `a chain of jobs is longer than ${this.length}; its last jobs are ` +
      this.names.map((name) => `"${name}"`).join(", ")
  }
}

/**
 * The test's queue has no handler for a job that it shall run.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = TestQueue.perform(Tick).pipe(
 *   Effect.catchTag("HandlerMissing", ({ message }) => Effect.logInfo(message)),
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export class HandlerMissing extends Data.TaggedError("HandlerMissing")<{
  readonly name: string
}> {
  override get message(): string {
    return `the test's queue has no handler for "${this.name}"; name its kind in the option jobs`
  }
}

/**
 * No job is queued, or ready, as the test expects it. `found` describes the jobs that are queued,
 * nearest first.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = TestQueue.assertEnqueued(Tick).pipe(
 *   Effect.catchTag("JobMissing", ({ found }) => Effect.logInfo(found.join())),
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export class JobMissing extends Data.TaggedError("JobMissing")<{
  readonly wanted: string
  readonly found: ReadonlyArray<string>
}> {
  override get message(): string {
    return [`${this.wanted}; ${heading(this.found)}`, ...listed(this.found)].join("\n  ")
  }
}

/**
 * Jobs are queued that the test does not expect. `found` describes them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = TestQueue.refuteEnqueued(Tick).pipe(
 *   Effect.catchTag("JobUnexpected", ({ found }) => Effect.logInfo(found.join())),
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export class JobUnexpected extends Data.TaggedError("JobUnexpected")<{
  readonly unwanted: string
  readonly found: ReadonlyArray<string>
}> {
  override get message(): string {
    return [`${this.unwanted} is queued:`, ...listed(this.found)].join("\n  ")
  }
}

const heading = (found: ReadonlyArray<string>): string =>
  found.length === 0 ? "no job is queued" : "these jobs are queued, the nearest first:"

const listed = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length <= shownMax
    ? lines
    : [...lines.slice(0, shownMax), `and ${lines.length - shownMax} more`]

const shownMax = 10
