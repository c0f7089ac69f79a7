/**
 * Statements that took effect although their answers were lost, and workers that were reported
 * dead.
 *
 * Tests `src/layers/worker/Settler.ts` and `src/layers/worker/ClaimLoop.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Latch, Scope } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, settle, workerOf } from "../../Given.ts"
import { counts, start, Task, tasks } from "../Memory.ts"

const connectionLost = new StoreError({
  operation: "test",
  isTransient: true,
  detail: "the connection was lost",
  cause: undefined
})

/** A store that does all it is asked, and loses the first `times` answers of one method. */
const losing = (method: "claim" | "settle", times: number) => {
  let left = times
  const lose = <A>(answer: Effect.Effect<A, StoreError>) =>
    Effect.filterOrFail(answer, () => left-- <= 0, () => connectionLost)
  return (repo: JobRepo["Service"]): JobRepo["Service"] => ({
    ...repo,
    ...method === "claim"
      ? { claim: (options) => lose(repo.claim(options)) }
      : { settle: (settled, options) => lose(repo.settle(settled, options)) }
  })
}

/** A store whose first `times` settlements fail without any effect. */
const unreachable = (times: number) => {
  let left = times
  return (repo: JobRepo["Service"]): JobRepo["Service"] => ({
    ...repo,
    settle: (settled, options) =>
      Effect.suspend(() => left-- > 0 ? Effect.fail(connectionLost) : repo.settle(settled, options))
  })
}

/** Reports the worker dead without its knowledge, as if it had been frozen. */
const reportedDead = Effect.gen(function*() {
  const [self] = yield* JobAdmin.use((admin) => admin.workers)
  yield* WorkerRegistry.use((registry) => registry.reportDead(self!.id))
})

/** Reports the worker dead, and claims its job for another worker. */
const takenOver = Effect.gen(function*() {
  yield* reportedDead
  const [taken] = yield* claim({ queue: "default", worker: yield* workerOf("default") })
  return taken!
})

it.effect("runs jobs once whose claim was never answered", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    yield* tasks(2)

    yield* start(Task.toLayer((n) => void ran.push(n)), { repo: losing("claim", 1) })
    yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(ran, [0, 1])
    assert.strictEqual((yield* counts).completed, 2)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("sends settlements again until they are answered", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    yield* tasks(4)

    const control = yield* start(Task.toLayer((n) => void ran.push(n)), {
      repo: losing("settle", 3)
    })
    yield* TestClock.adjust("10 seconds")
    yield* control.stop("finish")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.deepStrictEqual(ran, [0, 1, 2, 3])
    assert.strictEqual((yield* counts).completed, 4)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("sends settlements again until they have arrived", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    yield* tasks(4)

    const control = yield* start(Task.toLayer((n) => void ran.push(n)), { repo: unreachable(3) })
    yield* TestClock.adjust("10 seconds")
    yield* control.stop("finish")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.deepStrictEqual(ran, [0, 1, 2, 3])
    assert.strictEqual((yield* counts).completed, 4)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("leaves no job behind in a lease of which one settlement was sent twice", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    const handlers = Task.toLayer((n) => n === 0 ? Effect.fail("later") : goOn.await)
    yield* tasks(2)

    yield* start(handlers, { repo: losing("settle", 1) })
    yield* TestClock.adjust("10 seconds")
    yield* goOn.open
    yield* TestClock.adjust("1 minute")

    const { completed, running, scheduled } = yield* counts
    assert.deepStrictEqual({ completed, running, scheduled }, {
      completed: 1,
      running: 0,
      scheduled: 1
    })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("does not disturb the other jobs of a lease of which one settlement was sent twice", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const goOn = yield* Latch.make()
    const handlers = Task.toLayer((n) => {
      ran.push(n)
      return n === 0 ? Effect.fail("later") : goOn.await
    })
    yield* tasks(2)

    yield* start(handlers, { repo: losing("settle", 1) })
    yield* TestClock.adjust("1 second")
    yield* goOn.open
    yield* TestClock.adjust("2 minutes")

    assert.deepStrictEqual(ran, [0, 1])
    assert.strictEqual((yield* counts).completed, 1)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("breaks off what it runs when it was taken for dead, and goes on", () =>
  Effect.gen(function*() {
    const interrupted = yield* Deferred.make<void>()
    let runs = 0
    const handlers = Task.toLayer(() =>
      runs++ > 0
        ? Effect.void
        : Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
    )
    yield* tasks(1)
    yield* start(handlers, { workers: 2 })
    yield* TestClock.adjust(1)

    const taken = yield* takenOver
    yield* TestClock.adjust("5 seconds")
    yield* Deferred.await(interrupted)
    yield* TestClock.adjust("1 minute")

    assert.strictEqual(runs, 1)
    assert.deepStrictEqual(yield* settle([taken], Settlement.Completed()), [])
    yield* tasks(1)
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(runs, 2)
    assert.strictEqual((yield* counts).completed, 2)
  }).pipe(Effect.provide(MemorySchema.layer)))

/** Starts a worker with one job. Each claim pauses before it is sent, or after it took effect. */
const pausing = Effect.fnUntraced(function*(when: "before" | "after") {
  const ran: Array<number> = []
  const reached = yield* Deferred.make<void>()
  const goOn = yield* Latch.make()
  const pause = Effect.andThen(Deferred.succeed(reached, undefined), goOn.await)
  yield* enqueue(Task, 0, { key: "k" })
  yield* start(Task.toLayer((n) => void ran.push(n)), {
    repo: (repo) => ({
      ...repo,
      claim: (options) =>
        when === "before"
          ? Effect.andThen(pause, repo.claim(options))
          : Effect.tap(repo.claim(options), pause)
    })
  })
  yield* Deferred.await(reached)
  return { goOn, ran }
})

it.effect("starts nothing that it claimed before it was taken for dead and joined again", () =>
  Effect.gen(function*() {
    const { goOn, ran } = yield* pausing("after")

    const taken = yield* takenOver
    // By its next renewal the worker learns that it was reported dead.
    yield* TestClock.adjust("6 seconds")
    assert.lengthOf(yield* JobAdmin.use((admin) => admin.workers), 2)
    yield* goOn.open
    yield* TestClock.adjust("1 minute")

    assert.deepStrictEqual(ran, [])
    assert.deepStrictEqual(yield* settle([taken], Settlement.Completed()), [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("hands back what it claimed anew under an answer of an older life", () =>
  Effect.gen(function*() {
    // The claim begins before the worker is reported dead, and takes effect after the worker has
    // joined again.
    const { goOn, ran } = yield* pausing("before")

    yield* reportedDead
    yield* TestClock.adjust("6 seconds")
    yield* goOn.open
    yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(ran, [0])
    assert.strictEqual((yield* counts).completed, 1)
  }).pipe(Effect.provide(MemorySchema.layer)))

for (
  const [what, settle] of [
    ["fails", () => Effect.fail(connectionLost)],
    // Not interruptible, like a real statement: the statement may have taken effect.
    ["is never answered", () => Effect.uninterruptible(Effect.never)]
  ] as const
) {
  it.effect(`closes within its grace and 3 seconds although its last settlement ${what}`, () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const scope = yield* Scope.make()
      yield* tasks(1)
      yield* start(Task.toLayer(() => {}), {
        scope,
        lines,
        repo: (repo) => ({ ...repo, settle })
      })
      yield* TestClock.adjust("1 second")

      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("29 seconds")
      const early = closing.pollUnsafe()
      yield* TestClock.adjust("4 seconds")

      assert.isUndefined(early)
      assert.isDefined(closing.pollUnsafe())
      assert.match(lines.at(-1) ?? "", /^Warn could not record in time how job 1 \(task\) ended/)
    }).pipe(Effect.provide(MemorySchema.layer)))
}

it.effect("says that it could not sign off", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const control = yield* start(Task.toLayer(() => {}), {
      lines,
      registry: (registry) => ({ ...registry, leave: () => Effect.fail(connectionLost) })
    })

    yield* control.stop("finish")
    yield* TestClock.adjust("11 seconds")
    yield* control.ended

    assert.match(lines.at(-1) ?? "", /^Error stopped without signing off/)
  }).pipe(Effect.provide(MemorySchema.layer)))
