/**
 * Wake-ups by LISTEN, on a connection of its own.
 *
 * A heartbeat watches the connection, which is replaced whenever it is lost. After each LISTEN the
 * notifier sends `Everything`, because notifications in between were lost. If connections are
 * scarce the listener yields: without it jobs start late, without a connection for the work they
 * never start.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, PubSub, Schedule, Stream } from "effect"
import { Notifier, type Wake } from "../../services/Notifier.ts"
import * as Backoff from "../effects/Backoff.ts"
import { bounds, within } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as MissedWakeUps from "./MissedWakeUps.ts"
import * as PgListener from "./PgListener.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  // Of a flood of wake-ups the newest are enough.
  const wakes = yield* PubSub.sliding<Wake>(1024)

  // A busy pool has connections; only a pool that can open none fails.
  const roomForWork = Effect.scoped(sql.reserve).pipe(
    Effect.asVoid,
    (room) => within(room, { limit: bounds.roomForWork, orElse: Effect.void })
  )
  let losses = 0

  const listen = Effect.gen(function*() {
    yield* roomForWork
    const listener = yield* PgListener.open(sql, { channel: `${schema}:wake`, name: "listener" })
    yield* PubSub.publish(wakes, { _tag: "Everything" })
    const forward = listener.forward((payload) => PubSub.publish(wakes, decode(payload)))
    const heartbeat = listener.check.pipe(
      Effect.tap(() => Effect.sync(() => losses = 0)),
      Effect.delay("5 seconds"),
      Effect.forever
    )
    const makeRoom = roomForWork.pipe(
      Effect.retry({ schedule: Schedule.spaced("1 second"), times: 3 }),
      Effect.delay("2 seconds"),
      Effect.forever
    )
    return yield* Effect.raceAllFirst([forward, heartbeat, makeRoom])
  }).pipe(Effect.scoped)

  yield* listen.pipe(
    Effect.tapError((error) =>
      (losses === lossesWorthALine ? EventLog.warning : EventLog.debug)("listen.failed", {
        text: "LISTEN failed; until it works, new jobs start up to 5 seconds late",
        fields: { operation: "listen", schema },
        cause: error
      })
    ),
    Effect.catch(() => Effect.flatMap(Backoff.wait(growth, ++losses), Effect.sleep)),
    restartOnDefect("listening"),
    Effect.forever,
    Effect.forkScoped
  )

  return Notifier.of({
    wakes: Stream.unwrap(
      Effect.map(PubSub.subscribe(wakes), (subscription) =>
        Stream.concat(
          Stream.succeed<Wake>({ _tag: "Everything" }),
          Stream.fromSubscription(subscription)
        ))
    ),
    mayHaveMissed: MissedWakeUps.make(sql, schema)
  })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Notifier, never, PgClient.PgClient> => Layer.effect(Notifier, make(options.schema))

const growth = { base: "100 millis", cap: "5 seconds" } as const

/** Fewer losses in a row are over in a moment. */
const lossesWorthALine = 5

/** An unknown message may come from a newer pgq. A claim too many is harmless. */
const decode = (message: string): Wake =>
  message.startsWith("jobs:")
    ? { _tag: "Jobs", queue: message.slice("jobs:".length) }
    : message.startsWith("cancel:")
    ? { _tag: "Cancel", worker: message.slice("cancel:".length) }
    : message.startsWith("pause:")
    ? { _tag: "Pauses", queue: message.slice("pause:".length) }
    : { _tag: message === "due" ? "Due" : "Everything" }
