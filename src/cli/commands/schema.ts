/**
 * `pgq schema`: prints the DDL; `pgq schema | psql DB` builds a database.
 */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as PgRolesScript from "../../layers/postgres/PgRolesScript.ts"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Settings from "../Settings.ts"

const roles = Flag.Boolean("roles").pipe(
  Flag.withDescription("Print what makes the roles of producers, workers, operators and readers"),
  Flag.withDefault(false)
)

export const schema = Command.make(
  "schema",
  { schema: Flags.schema, roles },
  Effect.fnUntraced(function*(input) {
    const name = yield* Settings.schema(input.schema)
    const text = yield* input.roles ? PgRolesScript.script(name) : PgSchema.script({ schema: name })
    yield* Console.log(text.trimEnd())
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Print the DDL, complete and idempotent"),
  Command.withExamples([
    { command: "pgq schema | psql app", description: "Build a database" },
    { command: "pgq schema --roles | psql app", description: "Make its roles" }
  ])
)
