/**
 * A worker that meets one defect, of its own or of its store, goes on.
 *
 * Tests `src/layers/effects/RestartOnDefect.ts` and `src/layers/worker/Worker.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { counts, start, Task, tasks } from "../Memory.ts"

/** Breaks the first answer with `how`, and lets every later answer through. */
const once = (how: Effect.Effect<never, StoreError>) => {
  let isBroken = false
  return <A>(answer: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.tap(answer, () => {
      if (isBroken) return Effect.void
      isBroken = true
      return how
    })
}

const defect = Effect.die(new Error("as nobody expected"))

const registries: Readonly<
  Record<string, (registry: WorkerRegistry["Service"]) => WorkerRegistry["Service"]>
> = {
  renew: (registry) => {
    const broken = once(defect)
    return { ...registry, renew: (id) => broken(registry.renew(id)) }
  },
  reconcile: (registry) => {
    const broken = once(defect)
    return { ...registry, reconcile: (id, known) => broken(registry.reconcile(id, known)) }
  }
}

for (const [name, registry] of Object.entries(registries)) {
  it.effect(`a worker renews, and works, although its ${name} has died once`, () =>
    Effect.gen(function*() {
      yield* start(Task.toLayer(() => {}), { registry })

      yield* TestClock.adjust("1 minute")
      yield* tasks(3)
      yield* TestClock.adjust("10 seconds")

      assert.lengthOf(yield* JobAdmin.use((admin) => admin.workers), 1)
      assert.strictEqual((yield* counts).completed, 3)
    }).pipe(Effect.provide(MemorySchema.layer)))
}

const repos: Readonly<Record<string, (repo: JobRepo["Service"]) => JobRepo["Service"]>> = {
  claim: (repo) => {
    const broken = once(defect)
    return { ...repo, claim: (options) => broken(repo.claim(options)) }
  },
  settle: (repo) => {
    const broken = once(defect)
    return {
      ...repo,
      settle: (settled, options) =>
        Effect.andThen(broken(Effect.void), repo.settle(settled, options))
    }
  },
  "settle, by an error of the server's inside,": (repo) => {
    const broken = once(Effect.fail(
      new StoreError({
        operation: "settle",
        isTransient: false,
        code: "XX000",
        detail: "tuple concurrently updated",
        cause: undefined
      })
    ))
    return {
      ...repo,
      settle: (settled, options) =>
        Effect.andThen(broken(Effect.void), repo.settle(settled, options))
    }
  }
}

for (const [name, repo] of Object.entries(repos)) {
  // Settlements of several jobs would be sent one by one after a refusal.
  for (const count of [1, 3]) {
    it.effect(`each job runs once although a ${name} has died once (jobs: ${count})`, () =>
      Effect.gen(function*() {
        const ran: Array<number> = []
        yield* tasks(count)
        yield* start(Task.toLayer((n) => void ran.push(n)), { repo })

        yield* TestClock.adjust("1 minute")

        assert.deepStrictEqual(ran, [0, 1, 2].slice(0, count))
        assert.strictEqual((yield* counts).completed, count)
      }).pipe(Effect.provide(MemorySchema.layer)))
  }
}
