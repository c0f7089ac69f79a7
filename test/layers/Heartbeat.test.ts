/**
 * How often a worker is told that it was reported dead.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { renewEvery } from "../../src/domain/Lease.ts"
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
const burials = Effect.fnUntraced(function*(
  acts: (heartbeat: Heartbeat.Heartbeat) => Effect.Effect<void>
) {
  const asked = yield* Deferred.make<void>()
  const answer = yield* Deferred.make<Renewal>()
  let heard = 0
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
    onReportedDead: Effect.sync(() => void heard++),
    onExpired: Effect.void,
    onRenewed: Effect.void,
    onCancels: Effect.void,
    onPauses: Effect.void,
    onTrustedAgain: Effect.void
  })
  const time = yield* Effect.forkChild(TestClock.adjust(renewEvery(Duration.toMillis(lease))))
  yield* Deferred.await(asked)
  yield* Fiber.join(time)

  yield* acts(heartbeat)
  yield* Deferred.succeed(answer, { isKnown: false, hasCancels: false, hasPauses: false })
  yield* TestClock.adjust("1 second")
  return heard
})

it.effect("a worker hears that it was taken for dead", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* burials(() => Effect.void), 1)
  }))

it.effect("a worker that has joined again since it asked is not told that it was dead before", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* burials(({ join }) => Effect.orDie(join)), 0)
  }))
