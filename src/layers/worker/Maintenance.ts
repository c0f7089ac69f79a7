/**
 * Runs the `Scheduler`'s steps until its scope ends: due jobs, expired jobs and ends of pauses by
 * timers for the next ones; dead workers, forgotten lanes, figures and old history at intervals.
 */
import { Clock, Duration, Effect, Layer, Queue, Stream } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { Notifier, type Wake } from "../../services/Notifier.ts"
import { type Expired, type Forgotten, Scheduler } from "../../services/Scheduler.ts"
import * as Backoff from "../effects/Backoff.ts"
import * as EventLog from "../effects/EventLog.ts"
import { jittered } from "../effects/Jitter.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as LogFields from "./LogFields.ts"

export const layer: Layer.Layer<never, never, Notifier | Scheduler> = Layer.effectDiscard(
  Effect.gen(function*() {
    const scheduler = yield* Scheduler
    const notifier = yield* Notifier
    const changes = yield* Queue.sliding<void>(1)
    const expiries = yield* Queue.sliding<void>(1)
    const pauses = yield* Queue.sliding<void>(1)

    yield* notifier.wakes.pipe(
      Stream.runForEach((wake) =>
        Effect.sync(() => {
          if (isOf(wake, "Due")) {
            Queue.offerUnsafe(changes, undefined)
            Queue.offerUnsafe(expiries, undefined)
          }
          if (isOf(wake, "Pauses")) Queue.offerUnsafe(pauses, undefined)
        })
      ),
      Effect.forkScoped
    )

    const changed = (longest: Duration.Duration) =>
      Effect.timeoutOption(Queue.take(changes), longest)
    const promoteDue = saying("not all due jobs are made ready", scheduler.promote)
    let pause = shortestPause
    const promote = Effect.gen(function*() {
      const { isBehind, next = longestWait, promoted } = yield* promoteDue
      const wait = Duration.min(next, isBehind ? pause : longestWait)
      const isStuck = isBehind && promoted === 0
      pause = isStuck ? Duration.min(Duration.times(pause, 2), longestPause) : shortestPause
      yield* changed(Duration.max(wait, shortestPause))
    })

    yield* repeatedly("promote", promote, changed)
    const expire = saying("not all expired jobs have ended", scheduler.expire)
    const change = (longest: Duration.Duration) =>
      Effect.timeoutOption(Queue.take(expiries), longest)
    yield* repeatedly("expire", Effect.flatMap(expire, untilNextExpiry(change)), change)
    const rescue = saying("not all jobs of dead workers are given back", scheduler.rescue)
    yield* repeatedly("rescue", untilNone(rescue, "2500 millis"))
    const heal = Effect.flatMap(
      scheduler.heal,
      ({ healed, isAtEnd }) =>
        every(healed > 0 ? "100 millis" : isAtEnd ? "10 seconds" : "2500 millis")
    )
    yield* repeatedly("heal", heal)
    const takeBack = saying("not all paused jobs are taken back", scheduler.unpause)
    const unpause = Effect.flatMap(takeBack, ({ next = longestWait, unpaused }) => {
      const wait = Duration.clamp(next, { minimum: shortestPause, maximum: longestWait })
      return unpaused > 0 ? Effect.void : Effect.timeoutOption(Queue.take(pauses), wait)
    })
    yield* repeatedly("unpause", unpause)
    yield* repeatedly("forget", Effect.flatMap(scheduler.forget, eachMinute(scheduler)))
    const prune = Effect.timeoutOption(scheduler.prune, "10 minutes").pipe(keepPruning)
    yield* repeatedly("prune", Effect.andThen(prune, every("1 hour")))
  })
)

/** A job that is due later than twice this time after it was added causes no wake-up. */
const longestWait = Duration.seconds(5)
/** Another process may be promoting the same jobs in a transaction that has not committed. */
const shortestPause = Duration.millis(10)
/** An open transaction may lock a due job's row for long. */
const longestPause = Duration.seconds(1)

/**
 * Ends jobs that have expired while no process looked, before a worker claims the first jobs. Those
 * that are left after a second end beside its claims.
 */
export const expireFirst: Layer.Layer<never, never, Scheduler> = Layer.effectDiscard(
  Effect.gen(function*() {
    const { expire } = yield* Scheduler
    const since = yield* Clock.currentTimeMillis
    yield* Effect.repeat(expire, {
      while: ({ expired, isBehind }) =>
        Effect.map(
          Clock.currentTimeMillis,
          (now) => isBehind && expired > 0 && now - since < 1000
        )
    })
  }).pipe(
    Effect.catch((error) =>
      EventLog.debug("maintenance.failed", {
        text: "expire failed; trying again",
        fields: LogFields.ofError(error),
        cause: error
      })
    )
  )
)

/** The pause is as short as many wake-ups allow: each look is a query. */
const untilNextExpiry =
  (change: (longest: Duration.Duration) => Effect.Effect<unknown>) =>
  ({ expired, isBehind, next = longestWait }: Expired): Effect.Effect<unknown> => {
    if (isBehind) return Effect.sleep(expired > 0 ? shortestPause : expiryPause)
    const wait = Duration.min(next, longestWait)
    return Duration.isLessThan(wait, expiryPause)
      ? Effect.sleep(Duration.max(wait, shortestPause))
      : Effect.andThen(
        Effect.sleep(expiryPause),
        change(Duration.subtract(wait, expiryPause))
      )
  }

/** A job that expires may start for so long, beside the time that a sweep takes. */
const expiryPause = Duration.millis(100)

/**
 * Waits until the next minute has begun, by the store's clock, so that each minute has its turn.
 * The pause behind it keeps processes apart.
 */
const eachMinute =
  ({ rollUp, sample }: Scheduler["Service"]) =>
  ({ hasFigures, untilMinute }: Forgotten): Effect.Effect<void, StoreError> =>
    Effect.andThen(
      hasFigures ? Effect.andThen(rollUp, Effect.catch(sample, sayNotSampled)) : Effect.void,
      Effect.flatMap(
        jittered("4 seconds"),
        (pause) => Effect.sleep(Duration.sum(untilMinute, pause))
      )
    )

/** The next look is that of the next minute. */
const sayNotSampled = (error: StoreError) =>
  EventLog.debug("maintenance.failed", {
    text: `no sample of this minute: ${error.message}`,
    fields: LogFields.ofError(error)
  })

const isOf = (wake: Wake, tag: "Due" | "Pauses"): boolean =>
  wake._tag === tag || wake._tag === "Everything"

const every = (interval: Duration.Input) => Effect.flatMap(jittered(interval), Effect.sleep)

/** A refusal that is not transient needs an operator. */
const saying = <A>(what: string, step: Effect.Effect<A, StoreError>) =>
  Effect.tapError(
    step,
    (error) =>
      error.isTransient ? Effect.void : EventLog.warning("maintenance.failed", {
        text: `${what}: ${error.message}`,
        fields: LogFields.ofError(error)
      })
  )

/** Repeats at once while the step finds something to do. */
const untilNone = (step: Effect.Effect<number, StoreError>, pause: Duration.Input) =>
  Effect.flatMap(step, (done) => done > 0 ? Effect.void : every(pause))

/** Each attempt opens a connection. The growing delay leaves connections to lease renewals. */
const growth = { base: "1 second", cap: "10 seconds" } as const

/** Repeats a step without end; after failures, with growing delays. */
const repeatedly = Effect.fnUntraced(function*(
  name: string,
  step: Effect.Effect<unknown, StoreError>,
  pause: (length: Duration.Duration) => Effect.Effect<unknown> = Effect.sleep
) {
  let failures = 0
  yield* step.pipe(
    Effect.tap(() => Effect.sync(() => failures = 0)),
    Effect.tapError((error) =>
      EventLog.debug("maintenance.failed", {
        text: `${name} failed; trying again`,
        fields: LogFields.ofError(error),
        cause: error
      })
    ),
    Effect.catch(() => Effect.flatMap(Backoff.wait(growth, ++failures), pause)),
    restartOnDefect(name),
    Effect.forever,
    Effect.forkScoped
  )
})

/**
 * A partition of the history cannot be added or dropped while a reader uses the history, and each
 * attempt delays settlements for a moment. The delays between attempts therefore grow. Partitions
 * are made a week ahead.
 */
const keepPruning = <A>(prune: Effect.Effect<A, StoreError>) =>
  Effect.suspend(() => {
    let failures = 0
    return prune.pipe(
      Effect.tapError((error) =>
        isWorthALine(++failures)
          ? EventLog.warning("maintenance.failed", {
            text: `history was not pruned, ${failures} times in a row: ${error.message}`,
            fields: LogFields.ofError(error)
          })
          : Effect.void
      ),
      Effect.retry(Backoff.schedule({ base: "1 second", cap: "10 minutes" }))
    )
  })

/** The fourth failure, and then each doubling of their number. */
const isWorthALine = (failures: number) => failures >= 4 && (failures & (failures - 1)) === 0
