/**
 * `pgq check`: tells whether `pgq start` would work, or with `--probe` how a running process is. It
 * starts nothing and changes nothing.
 */
import { Console, Effect, Exit, Option } from "effect"
import { CliError, Command } from "effect/cli"
import { SqlClient } from "effect/sql"
import * as Conninfo from "../../domain/Conninfo.ts"
import * as PgRoles from "../../layers/postgres/PgRoles.ts"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import { ids } from "./CheckIds.ts"
import * as CheckProbe from "./CheckProbe.ts"
import { rights } from "./CheckRights.ts"
import { parts } from "./CheckSchema.ts"
import { server } from "./CheckServer.ts"
import { work } from "./CheckWork.ts"
import { asked, fail, type Finding, type Findings, line, type Look, ok, undone } from "./Finding.ts"

export const check = Command.make(
  "check",
  { connection: Flags.connection, schema: Flags.schema, ...CheckProbe.flags },
  Effect.fnUntraced(function*(input) {
    if (Option.isSome(input.probe)) return yield* CheckProbe.run(input.probe.value, input)
    yield* Effect.provide(run, Database.layer({ ...input, startsNothing: true }))
  }, ExitCode.bySignal)
).pipe(
  Command.validate((input) => {
    const others = Option.isSome(input.connection) || Option.isSome(input.schema)
    const message = CheckProbe.mistake(input, others)
    return message === undefined
      ? Effect.void
      : Effect.fail(new CliError.ValidationError({ message }))
  }),
  Command.withDescription("Check settings, connection, schema and rights; start nothing"),
  Command.withExamples([
    { command: "pgq check", description: "Would pgq start work?" },
    { command: "pgq check --probe live -p app.pid", description: "Does a running process live?" }
  ])
)

const run = Effect.gen(function*() {
  const database = yield* Database.Database
  yield* say(ok("settings", `schema ${database.schema}, wake-ups by ${database.notify}`))
  const where = `${Conninfo.describe(database.conninfo)} (${database.origin})`
  yield* say(ok("connection", where))
  const found = yield* undone(looks(database.schema)).pipe(
    Effect.catchIf(
      ({ isTransient }) => isTransient,
      (error) =>
        Effect.flatMap(
          closesTransactions,
          (does) => does ? told(Effect.succeed([statementPooler])) : Effect.fail(error)
        )
    )
  )
  if (isWrong(found)) return yield* new ExitCode.ExitWith({ code: 1 })
})

/**
 * Asks the questions in this order. A question that finds a fault may make the next one impossible.
 */
const looks = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const found = yield* told(server)
  const [role] = yield* asked(
    sql<{ readonly name: string }>`SELECT quote_ident(current_user) AS name`
  )
  const user = role?.name ?? ""
  const fits = yield* told(fit(schema, user))
  if (isWrong(fits)) return [...found, ...fits]
  const right = yield* told(rights(schema, user))
  const whole = yield* told(parts(schema))
  // If one of these finds a fault, every step of a worker would fail for the same reason.
  const tried = isWrong([...found, ...right, ...whole]) ? [] : yield* told(work(schema))
  return [...found, ...right, ...whole, ...tried, ...yield* told(ids(schema))]
})

/** Checks the schema's version, and that the schema still has the name it was made with. */
const fit = (schema: string, user: string): Look =>
  Effect.match(PgSchema.check({ schema }), {
    onFailure: (error) => {
      const role = PgRoles.nameOf(schema, "worker")
      const mend = error._tag === "StoreError" && error.code === "42501"
        ? `; GRANT "${role}" TO ${user}`
        : ""
      return [fail("schema", error.message + mend)]
    },
    onSuccess: () => [ok("schema", `${schema}, version ${PgSchema.version()}`)]
  })

const told = (look: Look) => Effect.tap(look, (found) => Effect.forEach(found, say))

const isWrong = (found: Findings) => found.some(({ verdict }) => verdict === "FAIL")

const say = (finding: Finding) => Console.log(line(finding))

/**
 * Whether the server closes a connection after each transaction, but not after a single statement.
 */
const closesTransactions = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [alone, within] = yield* Effect.all([
    Effect.exit(asked(sql`SELECT 1`)),
    Effect.exit(undone(asked(sql`SELECT 1`)))
  ])
  return Exit.isSuccess(alone) && Exit.isFailure(within)
})

const statementPooler = fail(
  "connection",
  "it is closed when a transaction begins, as poolers do that give each statement another " +
    "connection; let the pooler give one to each transaction or session"
)
