/**
 * The looks that are sent by themselves. One poller looks for all who listen, and only while
 * somebody does.
 */
import { Deferred, Duration, Effect, Stream } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Check } from "./Gate.ts"
import { type Frame, type Look, sign } from "./LiveEvents.ts"
import { Busy, type ofDatabase } from "./Problems.ts"
import * as ServerEnd from "./ServerEnd.ts"

/** The most who listen at once. Each keeps a connection open. */
export const listenersMax = 100

/** Proxies close a connection that is silent for some time, often for 60 seconds. */
const tickEvery = "15 seconds"

type Looks = Effect.Effect<typeof Look.Type, InstanceType<(typeof ofDatabase)[number]>>

/** A listener gets the newest frame at once. One that reads slowly misses some, not the newest. */
export const frames = (look: Looks) =>
  Stream.share(poll(look), { capacity: 1, strategy: "sliding", replay: 1 })

const poll = (look: Looks): Stream.Stream<Frame> =>
  Stream.unfold({ n: 1, pause: Duration.zero }, ({ n, pause }) =>
    Effect.gen(function*() {
      yield* Effect.sleep(pause)
      const [cost, frame] = yield* Effect.timed(frameOf(look, String(n)))
      return [frame, { n: n + 1, pause: pauseAfter(cost, frame) }] as const
    }))

const frameOf = (look: Looks, id: string): Effect.Effect<Frame> =>
  look.pipe(
    Effect.map((data) => ({ id, event: "overview" as const, data })),
    Effect.catch((data) => Effect.succeed({ id, event: "problem" as const, data }))
  )

/**
 * A look takes at most a twentieth of the time, so that a slow database is left alone. One that has
 * failed may have waited for a connection, and the next may be quick.
 */
const pauseAfter = (cost: Duration.Duration, { event }: Frame): Duration.Duration =>
  Duration.clamp(Duration.times(cost, event === "overview" ? 20 : 4), {
    minimum: Duration.seconds(2),
    maximum: Duration.seconds(30)
  })

/** The streams of one API, until its scope closes. */
export const make = Effect.fnUntraced(function*(look: Looks, check: Check) {
  const shared = yield* frames(look)
  const isClosed = yield* Deferred.make<void>()
  yield* Effect.addFinalizer(() => Deferred.succeed(isClosed, undefined))
  let listeners = 0
  const listener = Effect.acquireRelease(
    Effect.sync(() => listeners += 1),
    () => Effect.sync(() => listeners -= 1)
  )

  const listen = Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (listeners >= listenersMax) {
      return yield* new Busy({ detail: "too many pages listen: ask for GET /overview instead" })
    }
    yield* listener
    yield* unbuffered
    // The first sign makes the server send its headers, also while the database is slow.
    return Stream.make(sign("tick")).pipe(
      Stream.concat(shared),
      Stream.merge(ticks(check, request), { haltStrategy: "either" }),
      Stream.interruptWhen(Effect.raceFirst(Deferred.await(isClosed), ServerEnd.of(request))),
      Stream.concat(Stream.sync(() => sign("bye")))
    )
  })
  return { listen }
})

/** Ends when the sender may not read any more: a session has expired, or a right was taken away. */
const ticks = (check: Check, request: HttpServerRequest.HttpServerRequest) =>
  Stream.tick(tickEvery).pipe(
    Stream.drop(1),
    Stream.mapEffect(() => Effect.option(check(request))),
    Stream.takeWhile((access) => access._tag === "Some" && access.value.rights.has("read")),
    Stream.map(() => sign("tick"))
  )

/** A proxy such as nginx would keep events back until it has many. */
const unbuffered = HttpEffect.appendPreResponseHandler((_, response) =>
  Effect.succeed(HttpServerResponse.setHeader(response, "x-accel-buffering", "no"))
)
