/**
 * `pgq migrate`: applies what is pending and prints its names.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"

const run = Effect.gen(function*() {
  const { schema } = yield* Database.Database
  const applied = yield* PgSchema.migrate({ schema })
  yield* Effect.forEach(applied, (name) => Console.log(name))
  yield* Effect.logInfo(
    applied.length === 0 ? "nothing to do" : `applied ${applied.length} migrations`
  ).pipe(Effect.annotateLogs({ schema }))
})

export const migrate = Command.make(
  "migrate",
  { connection: Flags.connection, schema: Flags.schema },
  (input) => ExitCode.bySignal(Effect.provide(run, Database.layer(input)))
).pipe(
  Command.withDescription("Bring the database up to date; safe to run from many places at once")
)
