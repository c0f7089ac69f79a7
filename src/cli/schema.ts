/**
 * `pgq schema`: prints the DDL; `pgq schema | psql DB` builds a database.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as PgSchema from "../layers/PgSchema.ts"
import * as Ending from "./Ending.ts"
import * as Flags from "./Flags.ts"
import * as Settings from "./Settings.ts"

export const schema = Command.make(
  "schema",
  { schema: Flags.schema },
  Effect.fnUntraced(function*(input) {
    const ddl = yield* PgSchema.script(yield* Settings.schema(input.schema))
    yield* Console.log(ddl.trimEnd())
  }, Ending.bySignal)
).pipe(
  Command.withDescription("Print the DDL, complete and idempotent"),
  Command.withExamples([{ command: "pgq schema | psql app", description: "Build a database" }])
)
