/**
 * `pgq status`: asks a running worker by signal, or reads the database.
 */
import { Console, Effect, Option } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Verdict from "../../domain/Verdict.ts"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import { Insight } from "../../services/Insight.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import * as Database from "../Database.ts"
import * as ErrorLine from "../ErrorLine.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as PidFiles from "../process/PidFiles.ts"
import * as OverviewText from "./OverviewText.ts"

const isSet = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const input = {
  connection: Flags.connection,
  schema: Flags.schema,
  pidFile: Flag.optional(Flags.pidFile),
  check: isSet("check", "Print the verdict alone; end with code 1 if it is bad, 2 if unknown"),
  exact: isSet("exact", "Count each job and the history, which takes longer the more there are"),
  json: isSet("json", "Print the database's status as JSON")
}

export const status = Command.make(
  "status",
  input,
  Effect.fnUntraced(function*({ check, exact, json, pidFile, ...given }) {
    if (Option.isSome(pidFile)) return yield* PidFiles.signal(pidFile.value, "SIGUSR1")
    const shown = ofDatabase({ check, exact, json }).pipe(Effect.provide(Database.layer(given)))
    yield* check ? Effect.catch(shown, notKnown) : shown
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ check, connection, exact, json, pidFile }) =>
    Option.isSome(pidFile) && (Option.isSome(connection) || json || check || exact)
      ? Effect.fail(
        new CliError.ValidationError({
          message: "-p asks the running queue, which answers on its own stderr; " +
            "it goes with neither -c nor --json, --check or --exact"
        })
      )
      : Effect.void
  ),
  Command.withDescription("Show what is wrong, and what a queue or a database is doing"),
  Command.withExamples([
    { command: "pgq status", description: "Is anything wrong? What is waiting?" },
    { command: "pgq status --check", description: "For monitoring, by the exit code" }
  ])
)

/** Counts for people go further than those of a page that is looked at again and again. */
const countsUpTo = 10_000

interface Shown {
  readonly check: boolean
  readonly exact: boolean
  readonly json: boolean
}

const ofDatabase = Effect.fnUntraced(function*({ check, exact, json }: Shown) {
  const { schema } = yield* Database.Database
  yield* PgSchema.check({ schema })
  const { counts, overview } = yield* Effect.all({
    overview: Insight.use((insight) => insight.overview({ countsUpTo })),
    counts: exact ? JobAdmin.use((admin) => admin.counts) : Effect.undefined
  }).pipe(Effect.provide(QueueLive.client({ schema })))
  const verdict = Verdict.of(overview)
  const text = json
    ? OverviewText.json(overview, { verdict, counts })
    : [
      OverviewText.ofVerdict(verdict),
      ...(check ? [] : [
        counts === undefined ? OverviewText.ofQueues(overview) : OverviewText.ofCounts(counts),
        OverviewText.ofWorkers(overview.workers)
      ])
    ].join("\n\n")
  yield* Console.log(text)
  if (check && verdict.state !== "good") {
    return yield* new ExitCode.ExitWith({ code: verdict.state === "bad" ? 1 : 2 })
  }
})

/** A program that monitors is told that nothing is known, and why. */
const notKnown = (error: Error) =>
  error instanceof ExitCode.ExitWith
    ? Effect.fail(error)
    : Effect.andThen(
      Console.log(`unknown: ${ErrorLine.of(error)}`),
      Effect.fail(new ExitCode.ExitWith({ code: 2 }))
    )
