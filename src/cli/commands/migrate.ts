/**
 * `pgq migrate`: applies pending migrations and prints their names.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"

const run = Effect.gen(function*() {
  const { schema } = yield* Database.Database
  const applied = yield* PgSchema.migrate({ schema })
  yield* Effect.forEach(applied, (name) => Console.log(name))
  yield* EventLog.info("schema.migrated", {
    text: applied.length === 0 ? "nothing to do" : `applied ${applied.length} migrations`,
    fields: { schema }
  })
})

export const migrate = Command.make(
  "migrate",
  { connection: Flags.connection, schema: Flags.schema },
  (input) => ExitCode.bySignal(Effect.provide(run, Database.layer(input)))
).pipe(
  Command.withDescription("Bring the database up to date; safe to run from many places at once")
)
