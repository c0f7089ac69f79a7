/**
 * `pgq top`: frames of the queues and the workers, live or one by one.
 */
import { Config, Console, Duration, Effect, type Exit, Option, Result } from "effect"
import { Command, Flag } from "effect/cli"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import * as Database from "../Database.ts"
import * as ErrorLine from "../ErrorLine.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as Frame from "../top/Frame.ts"
import * as Live from "../top/Live.ts"
import * as Looks from "../top/Looks.ts"
import * as TopState from "../top/TopState.ts"
import * as OverviewText from "./OverviewText.ts"

const isSet = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** More frames than this nobody can read, and each of them is a look at the database. */
const intervalMin = Duration.millis(250)

const input = {
  connection: Flags.connection,
  schema: Flags.schema,
  interval: Flags.duration("interval").pipe(
    Flag.withDescription("The time from one frame to the next; defaults to 2s"),
    Flag.filter(
      (interval) =>
        Duration.between(interval, { minimum: intervalMin, maximum: Duration.hours(1) }),
      (interval) => `${Duration.toMillis(interval)}ms is not a time from 250ms to 1h`
    ),
    Flag.withDefault(Duration.seconds(2))
  ),
  once: isSet("once", "Print one frame and end"),
  json: isSet("json", "Print each frame as a line of JSON")
}

export const top = Command.make(
  "top",
  input,
  Effect.fnUntraced(function*({ interval, json, once, ...given }) {
    const sessions = { applicationName: "pgq top", max: 1 }
    yield* shown({ interval, json, once }).pipe(
      Effect.provide(Database.layer({ ...given, sessions }))
    )
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show live what is wrong, the queues and the workers"),
  Command.withExamples([
    { command: "pgq top", description: "[?] shows the keys" },
    { command: "pgq top --json --interval 10s", description: "A line of JSON each ten seconds" }
  ])
)

interface Shown {
  readonly interval: Duration.Duration
  readonly json: boolean
  readonly once: boolean
}

const shown = Effect.fnUntraced(function*(options: Shown) {
  const { schema } = yield* Database.Database
  yield* PgSchema.check({ schema })
  yield* Effect.provide(frames(options), QueueLive.client({ schema }))
})

const frames = Effect.fnUntraced(function*({ interval, json, once }: Shown) {
  if (json) return yield* once ? printJson : lines(Duration.toMillis(interval))
  return yield* once || !(yield* isTerminal) ? still : live(interval)
})

/** A terminal that can move its cursor, with somebody at the keys. */
const isTerminal = Effect.map(
  Config.option(Config.String("TERM")),
  (term) => process.stdin.isTTY && process.stdout.isTTY && !Option.contains(term, "dumb")
)

const live = Effect.fnUntraced(
  function*(interval: Duration.Duration) {
    const noColour = yield* Config.option(Config.String("NO_COLOR"))
    const code = yield* Live.run({
      where: yield* where,
      interval: Duration.toMillis(interval),
      hasColours: Option.getOrElse(noColour, () => "") === ""
    })
    if (code !== 0) return yield* new ExitCode.ExitWith({ code })
  },
  Effect.onExit((exit) => Effect.sync(() => endSoon(exit)))
)

/** A person who quits does not wait for a session to a database that does not answer. */
const endSoon = (exit: Exit.Exit<unknown, unknown>): void => {
  setTimeout(() => ExitCode.teardown(exit, (code) => process.exit(code)), 500).unref()
}

const where = Effect.map(
  Database.Database,
  ({ conninfo: { dbname, hosts }, schema }) =>
    `${dbname}@${hosts.map(({ host }) => host).join(",")} schema ${schema}`
)

const still = Effect.gen(function*() {
  const figures = yield* Looks.overview
  const state = TopState.make({
    where: yield* where,
    // The lines may take the last cell, too. A file has no edge, but people read it.
    size: { columns: (process.stdout.columns ?? 120) + 1, rows: Infinity },
    now: 0,
    every: 0,
    isStill: true
  })
  const lines = Frame.of({ ...state, figures: { ...figures, at: 0 } })
  yield* Console.log(lines.map(({ text }) => text.trimEnd()).join("\n"))
})

const printJson = Effect.flatMap(
  Looks.overview,
  ({ overview, verdict }) => Console.log(OverviewText.jsonLine(overview, verdict))
)

/** A database that does not answer has no line, and is asked again. */
const lines = Effect.fnUntraced(function*(interval: number) {
  while (true) {
    const [span, found] = yield* Effect.timed(Effect.result(printJson))
    const cost = Duration.toMillis(span)
    if (Result.isFailure(found)) yield* Log.print([`pgq: no frame: ${ErrorLine.of(found.failure)}`])
    yield* Effect.sleep(
      Result.isFailure(found)
        ? Looks.delayAfterFailure(interval)
        : Looks.delay(interval, cost) - Math.min(cost, interval)
    )
  }
})
