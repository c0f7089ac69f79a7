/**
 * Cancels jobs in the tables.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { JobControl } from "../../services/JobControl.ts"

const notYet = () => Effect.die("not yet")

export const layer = (_options: {
  readonly schema: string
}): Layer.Layer<JobControl, never, PgClient.PgClient> =>
  Layer.succeed(
    JobControl,
    JobControl.of({ cancel: notYet, cancelSome: notYet, outcomeOf: notYet })
  )
