/**
 * The handler for each kind of job, by name.
 */
import { Context, type Effect } from "effect"
import type { FailureReport } from "../domain/FailureReport.ts"
import type { RunPolicy } from "../domain/JobKind.ts"
import type * as JobResult from "../domain/JobResult.ts"
import type { OwnJob } from "../domain/OwnJob.ts"
import type { CompletableJob } from "./CompletableJob.ts"

export class Handlers extends Context.Service<Handlers, {
  readonly find: (name: string) => Handler | undefined
  /** The names of all of them. */
  readonly names: ReadonlyArray<string>
}>()("pgq/services/Handlers") {}

export interface Handler {
  readonly name: string
  readonly policy: RunPolicy
  /**
   * Decodes the payload, given as parsed JSON, and runs the application's code. It is called in an
   * uninterruptible region and allows interruption where the code may be interrupted.
   */
  readonly run: (payload: unknown, job: HandledJob) => Effect.Effect<unknown, unknown>
  /** The services that the handler of a transactional kind was given. */
  readonly context?: Context.Context<never> | undefined
  /** Encodes the value of a run. Absent if the kind has no results. */
  readonly encode?: ((value: unknown) => Effect.Effect<JobResult.Encoded>) | undefined
}

/** A running job, and where it stands. */
export type HandledJob = CompletableJob & OwnJob

/** The failures that a worker with these handlers wants reported. */
export const failureReportsOf = (
  { find, names }: Handlers["Service"]
): ReadonlyArray<FailureReport> =>
  names.flatMap((name) => {
    const report = find(name)?.policy.onFailed
    return report === undefined ? [] : [{ ...report, of: name }]
  })
