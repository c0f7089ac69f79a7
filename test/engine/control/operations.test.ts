/**
 * Operations as an application plans, runs and undoes them.
 *
 * Tests `src/services/Operations.ts` with `src/layers/postgres/PgOperations.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { OperationInput } from "../../../src/domain/Operation.ts"
import * as MemoryQueue from "../../../src/layers/MemoryQueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { Operations } from "../../../src/services/Operations.ts"
import { claim, enqueue, queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"

const planOf = (input: Partial<OperationInput>) =>
  Operations.use((operations) =>
    operations.plan({
      action: "discard",
      actor: "ada",
      ...input,
      ids: input.query === undefined ? input.ids ?? [] : input.ids
    })
  )

const some = Effect.fnUntraced(function*(count: number) {
  const queue = yield* queueName
  const ids = yield* enqueue(queue, ...Array.from({ length: count }, () => ({})))
  return { queue, ids }
})

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("an operation", (it) => {
  it.effect("says beforehand what it will do, and afterwards what it did", () =>
    Effect.gen(function*() {
      const { ids, queue } = yield* some(3)
      const operations = yield* Operations
      const worker = yield* workerOf(queue)
      yield* claim({ queue, worker, limit: 1 })
      const plan = yield* planOf({ ids: [...ids, ids[0]!, 0n], reason: "a mistake" })

      const done = yield* operations.run(plan.id)
      const items = yield* operations.items(plan.id, { after: 0n })
      const undone = yield* operations.undo(plan.id)

      const part = { queue, name: "greet" }
      assert.deepStrictEqual(plan.parts, [
        { ...part, was: "ready", fits: true, canUndo: true, count: 2 },
        { ...part, was: "running", fits: false, canUndo: false, count: 1 },
        { queue: null, name: null, was: "gone", fits: false, canUndo: false, count: 1 }
      ])
      assert.deepInclude(plan, {
        actor: "ada",
        reason: "a mistake",
        state: "planned",
        planned: 4,
        left: 4,
        canUndo: 2
      })
      assert.lengthOf(plan.samples, 4)
      assert.deepInclude(done, { state: "done", done: 2, skipped: 2, left: 0, canUndo: 2 })
      assert.deepStrictEqual(done.results, [
        { result: "discarded", count: 2 },
        { result: "gone", count: 1 },
        { result: "running", count: 1 }
      ])
      assert.deepInclude(items[0], { id: String(ids[0]), result: "running", worker })
      assert.deepInclude(undone, { state: "undone", undone: 2, canUndo: 0 })
      assert.deepStrictEqual(undone.undos, [{ result: "undone", count: 2 }])
    }))

  it.effect("is planned once under an id, and listed with the newest first", () =>
    Effect.gen(function*() {
      const { ids } = yield* some(2)
      const id = crypto.randomUUID()
      const first = yield* planOf({ id, ids })
      const again = yield* planOf({ id, ids: [], action: "cancel", actor: "eve" })
      const newer = yield* planOf({ ids })
      const list = yield* Operations.use((operations) => operations.list({ limit: 2 }))

      assert.deepStrictEqual(again, first)
      assert.deepStrictEqual(list.map((one) => one.id), [newer.id, id])
    }))

  it.effect("for more than 1,000 jobs runs only if their number is repeated", () =>
    Effect.gen(function*() {
      const { ids } = yield* some(1001)
      const operations = yield* Operations
      const { id } = yield* planOf({ ids })

      const refusals = [
        yield* Effect.flip(operations.run(id)),
        yield* Effect.flip(operations.run(id, { count: 1000 }))
      ]
      const done = yield* operations.run(id, { count: 1001 })
      const undone = yield* operations.undo(id)

      for (const refusal of refusals) assert.propertyVal(refusal, "reason", "unconfirmed")
      assert.deepInclude(done, { state: "done", done: 1001 })
      assert.deepInclude(undone, { state: "undone", undone: 1001 })
    }))

  it.effect("edits jobs, and the payload of one alone, as it was written", () =>
    Effect.gen(function*() {
      const { ids } = yield* some(2)
      const operations = yield* Operations
      const payload = `{"id":12345678901234567890}`
      const refused = yield* Effect.flip(planOf({ action: "edit", ids, change: { payload } }))
      const { id } = yield* planOf({ action: "edit", ids: [ids[0]!], change: { payload } })
      yield* operations.run(id)
      const job = yield* JobControl.use((control) => control.find(ids[0]!))

      assert.strictEqual(refused._tag, "JobInvalid")
      assert.strictEqual(job?.payload, `{"id": 12345678901234567890}`)
    }))

  it.effect("names the jobs that a search finds, and no later one", () =>
    Effect.gen(function*() {
      const { ids, queue } = yield* some(2)
      const operations = yield* Operations
      const query = `queue:${queue}`
      const plan = yield* planOf({ query })
      yield* enqueue(queue, {})
      const done = yield* operations.run(plan.id)

      assert.deepInclude(plan, { planned: 2, query })
      assert.deepStrictEqual(plan.samples.map(({ id }) => id), ids.map(String))
      assert.deepInclude(done, { state: "done", done: 2 })
    }))

  it.effect("that cannot be meant is refused before anything is asked", () =>
    Effect.gen(function*() {
      const operations = yield* Operations
      const many = Array.from({ length: 10_001 }, (_, n) => BigInt(n))
      const refusals = [
        yield* Effect.flip(planOf({ ids: many })),
        yield* Effect.flip(planOf({ action: "edit" })),
        yield* Effect.flip(planOf({ change: { priority: 1 } })),
        yield* Effect.flip(planOf({ id: "1" })),
        yield* Effect.flip(planOf({ actor: "" })),
        yield* Effect.flip(planOf({ ids: [], query: "queue:mail" })),
        yield* Effect.flip(planOf({ query: "state:lost" })),
        yield* Effect.flip(operations.run("nonsense")),
        yield* Effect.flip(operations.undo(crypto.randomUUID()))
      ]

      assert.deepStrictEqual(
        refusals.map((error) => "reason" in error ? error.reason : error._tag),
        ["too-many", ...Array.from({ length: 7 }, () => "JobInvalid"), "unknown"]
      )
    }))
})

layer(MemoryQueue.client)("an operation in memory", (it) => {
  it.effect("is refused, as there is no database", () =>
    Effect.gen(function*() {
      const refusal = yield* Effect.flip(planOf({}))

      assert.propertyVal(refusal, "reason", "unsupported")
      assert.deepStrictEqual(yield* Operations.use((operations) => operations.list()), [])
    }))
})
