/**
 * How often a worker is told that it was reported dead, or asked to stop.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { renewEvery } from "../../src/domain/Lease.ts"
import type { StopMode } from "../../src/domain/StopMode.ts"
import * as Heartbeat from "../../src/layers/worker/Heartbeat.ts"
import { Watchdog } from "../../src/services/Watchdog.ts"
import { type Renewal, WorkerRegistry } from "../../src/services/WorkerRegistry.ts"

const lease = Duration.seconds(30)

const worker = {
  id: crypto.randomUUID(),
  label: "test",
  host: "here",
  pid: 1,
  queues: ["default"],
  mode: "row-lock",
  concurrency: 1,
  names: ["test"],
  lease
}

/**
 * Counts how often a refused renewal tells a worker that it was reported dead. `acts` runs after
 * the renewal is sent and before it is answered.
 */
const burials = (acts: Acts) =>
  Effect.map(
    heard(acts, { isKnown: false, hasCancels: false, hasPauses: false }),
    ({ burials }) => burials
  )

/** The modes that the worker hears of by a renewal during which it `acts`. */
const requests = (acts: Acts) =>
  Effect.map(
    heard(acts, { isKnown: true, hasCancels: false, hasPauses: false, asked: "drain" }),
    ({ modes }) => modes
  )

type Acts = (heartbeat: Heartbeat.Heartbeat) => Effect.Effect<void>

const heard = Effect.fnUntraced(function*(acts: Acts, renewal: Renewal) {
  const asked = yield* Deferred.make<void>()
  const answer = yield* Deferred.make<Renewal>()
  let burials = 0
  const modes: Array<StopMode> = []
  const watchdog = { watch: () => Effect.succeed({ tick: () => {}, renewedAgo: () => Infinity }) }
  const heartbeat = yield* Heartbeat.make(worker).pipe(
    Effect.orDie,
    Effect.provideService(Watchdog, watchdog),
    Effect.provideService(WorkerRegistry, {
      join: () => Effect.void,
      renew: () => Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer)),
      reconcile: () => Effect.succeed({ released: 0, gone: [] }),
      cancelRequests: () => Effect.succeed([]),
      pauses: () => Effect.succeed([]),
      leave: () => Effect.void,
      reportDead: () => Effect.void
    })
  )
  yield* Effect.orDie(heartbeat.join)
  yield* heartbeat.keep({
    isStopping: () => false,
    vitals: () => undefined,
    onReportedDead: Effect.sync(() => void burials++),
    onExpired: Effect.void,
    onRenewed: Effect.void,
    onCancels: Effect.void,
    onPauses: Effect.void,
    onAsked: (mode) => Effect.sync(() => void modes.push(mode)),
    onTrustedAgain: Effect.void
  })
  const time = yield* Effect.forkChild(TestClock.adjust(renewEvery(Duration.toMillis(lease))))
  yield* Deferred.await(asked)
  yield* Fiber.join(time)

  yield* acts(heartbeat)
  yield* Deferred.succeed(answer, renewal)
  yield* TestClock.adjust("1 second")
  return { burials, modes }
})

it.effect("a worker hears that it was taken for dead", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* burials(() => Effect.void), 1)
  }))

it.effect("a worker that has joined again since it asked is not told that it was dead before", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* burials(({ join }) => Effect.orDie(join)), 0)
  }))

it.effect("a worker hears by its first renewal that it was asked to stop", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* requests(() => Effect.void), ["drain"])
  }))

it.effect("a worker that has joined again is not stopped by a word for its life before", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* requests(({ join }) => Effect.orDie(join)), [])
  }))
