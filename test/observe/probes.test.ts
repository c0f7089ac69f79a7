/**
 * The probes of a worker: in an application's server, through an outage, and when its claim loop is
 * stuck.
 *
 * Tests `src/observe/Probes.ts`, `src/layers/worker/LoopWatch.ts`,
 * `src/layers/worker/MeasuredStore.ts` and `src/cli/process/AliveFile.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { HttpRouter } from "effect/http"
import { TestClock } from "effect/testing"
import { readFileSync, statSync } from "node:fs"
import * as AliveFile from "../../src/cli/process/AliveFile.ts"
import { StoreError } from "../../src/domain/Errors.ts"
import { ofWorker, type Probe, probes } from "../../src/domain/Probe.ts"
import type { WorkerHealth } from "../../src/domain/WorkerHealth.ts"
import * as WorkerSettings from "../../src/domain/WorkerSettings.ts"
import * as Monotonic from "../../src/layers/effects/Monotonic.ts"
import * as Handler from "../../src/layers/job/Handler.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as Memory from "../../src/layers/memory/MemorySchema.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as OwnWorker from "../../src/layers/OwnWorker.ts"
import * as Changes from "../../src/layers/worker/Changes.ts"
import { LoopWatch } from "../../src/layers/worker/LoopWatch.ts"
import * as Worker from "../../src/layers/worker/Worker.ts"
import * as WorkLoop from "../../src/layers/worker/WorkLoop.ts"
import * as Metrics from "../../src/observe/Metrics.ts"
import * as Probes from "../../src/observe/Probes.ts"
import { Handlers } from "../../src/services/Handlers.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import * as Pgq from "../cli/Pgq.ts"
import * as LogLines from "../support/LogLines.ts"
import * as MovingClock from "../support/MovingClock.ts"
import * as ExpositionFormat from "./ExpositionFormat.ts"

const Tick = Job.make("tick")
const TickLive = Tick.toLayer(() => undefined)

const failing = (health: WorkerHealth): ReadonlyArray<Probe> =>
  probes.filter((probe) => ofWorker(probe, health).status === "failing")

/** A worker on a store in memory that can be made to answer no more. */
const onFrailStore = Effect.gen(function*() {
  const store = { isDown: false }
  const outage = new StoreError({
    operation: "claim",
    isTransient: true,
    code: "08006",
    detail: "the server is gone",
    cause: "outage"
  })
  const orOutage = <A>(step: Effect.Effect<A, StoreError>) =>
    Effect.suspend(() => store.isDown ? Effect.fail(outage) : step)
  const frail = Layer.merge(
    Layer.effect(
      JobRepo,
      Effect.map(JobRepo, (repo) => ({
        ...repo,
        claim: (options) => orOutage(repo.claim(options))
      }))
    ),
    Layer.effect(
      WorkerRegistry,
      Effect.map(WorkerRegistry, (registry) => ({
        ...registry,
        renew: (id, state) => orOutage(registry.renew(id, state)),
        reconcile: (id, leases) => orOutage(registry.reconcile(id, leases))
      }))
    )
  )
  const settings = yield* Effect.fromResult(WorkerSettings.check())
  const context = yield* Layer.buildWithScope(
    Worker.layer(OwnWorker.of(settings)).pipe(
      Layer.provide(Layer.effect(Handlers, Handler.of<[typeof Tick]>([Tick]))),
      Layer.provide(TickLive),
      Layer.provide(frail),
      Layer.provide(Memory.layer),
      Layer.provide(LogLines.into([]))
    ),
    yield* MovingClock.scope()
  )
  return { store, health: Context.get(context, WorkerControl).health }
})

/** A loop whose claims never come to an end, and which asks the store for nothing. */
const stuckLoop = (round: (watch: LoopWatch) => Effect.Effect<never>) =>
  Effect.gen(function*() {
    const watch = new LoopWatch(yield* Monotonic.millis)
    const changes = yield* Changes.make
    yield* WorkLoop.work({
      worker: { queues: ["default"] },
      runs: { count: () => 0, wants: () => ({ slots: 1, limit: 1, perLaneMax: 0 }) },
      claims: { round: round(watch), pause: () => Effect.void },
      heartbeat: { isTrusted: () => true },
      shutdown: { graceLeft: () => Infinity, mode: () => undefined },
      changes,
      watch
    }).pipe(Effect.provide(Memory.layer), Effect.forkScoped)
    yield* TestClock.adjust(0)
    return (): WorkerHealth => ({
      hasClaimed: true,
      stopping: undefined,
      hasEnded: false,
      isTrusted: true,
      renewedAgo: 0,
      answeredAgo: 0,
      silenceMax: 15_000,
      turnedAgo: watch.turnedAgo,
      waitsFor: watch.waitsFor
    })
  })

describe("the probes", () => {
  it.effect("stand under a prefix of an application's server, beside its metrics", () =>
    Effect.gen(function*() {
      const context = yield* Layer.buildWithScope(
        MemoryQueue.layer({ jobs: [Tick] }).pipe(Layer.provide(TickLive)),
        yield* MovingClock.scope()
      )
      const { handler } = yield* Effect.acquireRelease(
        Effect.sync(() =>
          HttpRouter.toWebHandler(
            Layer.merge(
              Probes.layer({ prefix: "/a/b/healthz" }),
              Metrics.layerPage({ path: "/a/metrics" })
            ).pipe(Layer.provide(Layer.succeedContext(context))),
            { disableLogger: true }
          )
        ),
        ({ dispose }) => Effect.promise(dispose)
      )
      const get = (path: string) =>
        Effect.promise(async () => {
          const answer = await handler(new Request(`http://localhost${path}`))
          return { status: answer.status, body: await answer.text() }
        })
      const statuses = Effect.map(
        Effect.forEach(probes, (probe) => get(`/a/b/healthz/${probe}`)),
        (answers) => answers.map(({ status }) => status)
      )
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(yield* statuses, [200, 200, 200])
      assert.isTrue(
        ExpositionFormat.parse((yield* get("/a/metrics")).body).has("pgq_worker_slots")
      )
      yield* Context.get(context, WorkerControl).stop("finish")
      assert.deepStrictEqual(yield* statuses, [200, 503, 200])
      assert.strictEqual(JSON.parse((yield* get("/a/b/healthz/ready")).body).status, "failing")
    }))

  it.effect("find a worker not ready in an outage, which lives all the same", () =>
    Effect.gen(function*() {
      const { health, store } = yield* onFrailStore
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(failing(yield* health), [])

      store.isDown = true
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(failing(yield* health), [])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(failing(yield* health), ["ready"])

      store.isDown = false
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(failing(yield* health), [])
    }))

  it.effect("find a claim loop that is stuck within a minute", () =>
    Effect.gen(function*() {
      const health = yield* stuckLoop(() => Effect.never)
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(failing(health()), [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(failing(health()), ["live"])
    }))

  it.effect("touch a file no more once the claim loop is stuck", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      const file = write("alive", "kept")
      const health = yield* stuckLoop(() => Effect.never)
      yield* AliveFile.keep(Option.some(file), Effect.sync(() => ofWorker("live", health())))
      const touchedAt = () => statSync(file).mtimeMs

      assert.strictEqual(touchedAt(), 0)
      yield* TestClock.adjust("55 seconds")
      assert.strictEqual(touchedAt(), 55_000)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(touchedAt(), 55_000)
      assert.strictEqual(readFileSync(file, "utf8"), "kept")
      const { message } = yield* Effect.flip(
        AliveFile.keep(Option.some(path), Effect.succeed({ status: "ok", checks: [] }))
      )
      assert.match(message, /^--alive-file: EISDIR/)
    }))

  it.effect("let a loop wait for the store, however long that takes", () =>
    Effect.gen(function*() {
      const health = yield* stuckLoop((watch) => watch.asking(Effect.never))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(failing(health()), [])
    }))
})
