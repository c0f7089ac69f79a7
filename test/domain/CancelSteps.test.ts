/**
 * The promise of a cancelled job, stated without the rules of the specification: it never starts
 * again, and it ends.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as CancelSteps from "../../src/domain/CancelSteps.ts"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import * as Lanes from "../../src/domain/Lanes.ts"
import * as Steps from "../../src/domain/ProtocolSteps.ts"
import { Settlement } from "../../src/domain/Settlement.ts"

type Job = LaneJob.LaneJob

const [delay, error] = [Duration.millis(10), "no"]
const settlements = [
  Settlement.Completed(),
  Settlement.Released(),
  Settlement.Retried({ delay, error, holdsLane: true }),
  Settlement.Retried({ delay, error, holdsLane: false }),
  Settlement.Snoozed({ delay, error, holdsLane: true }),
  Settlement.Unhandled({ delay, error }),
  Settlement.Cancelled({ error }),
  Settlement.Failed({ error, blocksLane: true }),
  Settlement.Failed({ error, blocksLane: false })
]

const operations = ["add", "claim", "settle", "crash", "leave", "wait", "cancel"] as const
const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const commands = Schema.Array(Schema.Struct({
  op: Schema.Literals(operations),
  which: upTo(8),
  key: upTo(2)
})).check(Schema.isMaxLength(80))
type Command = typeof commands["Type"][number]

const at = <A>(some: Iterable<A>, which: number): A | undefined => {
  const list = Array.from(some)
  return list[which % Math.max(list.length, 1)]
}

const queueOf = () => {
  const state = { jobs: new Map<bigint, Job>(), leases: new Map<string, Steps.Lease>() }
  const finished = new Map<bigint, Steps.Outcome>()
  const cancelled = new Set<bigint>()
  let [now, added, leases] = [0, 0n, 0]

  const make = (changes: Steps.Changes<Job>): void => {
    Steps.apply(state, changes)
    for (const { job, outcome } of changes.finished) {
      assert.isFalse(finished.has(job.id), `job ${job.id} ends twice`)
      finished.set(job.id, outcome)
    }
  }
  const all = () => Array.from(state.jobs.values())

  const claim = (perLaneMax: number): void => {
    const claimed = Lanes.claim(all(), [], { limit: 2, slots: 2, perLaneMax })
    for (const { id } of claimed.inOrder) {
      assert.isFalse(cancelled.has(id), `job ${id} starts though it was cancelled`)
    }
    make(Steps.lease("worker", claimed, () => String(++leases)))
  }
  const settle = (which: number, lease: Steps.Lease): void => {
    const settlement = settlements[which % settlements.length]!
    const settled = [{ id: lease.ids[0]!, lease: lease.id, settlement }]
    make(Steps.settle(state, settled, { isRepeat: false, now }).changes)
  }
  const cancel = (id: bigint): void => {
    const { answer, changes } = CancelSteps.cancel(state, id)!
    make(changes)
    cancelled.add(id)
    assert.strictEqual(answer._tag, finished.has(id) ? "Cancelled" : "Stopping")
    const requested = CancelSteps.requests(Array.from(state.leases.values()))
    assert.strictEqual(requested.some((one) => one.id === id), !finished.has(id))
  }
  const add = (key: number): void => {
    const job = { id: ++added, key: key === 0 ? undefined : `k${key}`, priority: 0, dueAt: now }
    state.jobs.set(job.id, LaneJob.added(job, now))
  }

  const step = ({ key, op, which }: Command): void => {
    const lease = at(state.leases.values(), which)
    const id = at(state.jobs.keys(), which)
    if (op === "add") add(key)
    else if (op === "claim") claim(key)
    else if (op === "wait") make(Steps.promote(state, now += 10, () => ++added))
    else if (op === "cancel" && id !== undefined) cancel(id)
    else if (lease !== undefined && op === "settle") settle(which, lease)
    else if (lease !== undefined && op !== "cancel") {
      make(Steps.giveBack(state, [lease], op === "crash"))
    }
  }
  return { state, finished, cancelled, step, make }
}

const options = { arbitrary: { runs: 500, size: 300 } }

describe("the specification promises that", () => {
  it.prop("a cancelled job never starts again, and ends", { commands }, ({ commands }) => {
    const queue = queueOf()
    for (const command of commands) queue.step(command)
    queue.make(Steps.giveBack(queue.state, Array.from(queue.state.leases.values()), true))

    for (const id of queue.cancelled) {
      assert.isFalse(queue.state.jobs.has(id))
      assert.include(["cancelled", "completed", "failed"], queue.finished.get(id))
    }
  }, options)

  it.prop("nobody is asked to cancel a job that was not", { commands }, ({ commands }) => {
    const queue = queueOf()
    for (const command of commands) {
      queue.step(command)
      for (const { id, lease } of CancelSteps.requests(Array.from(queue.state.leases.values()))) {
        assert.isTrue(queue.cancelled.has(id))
        assert.isTrue(queue.state.leases.get(lease)?.ids.includes(id))
      }
      for (const { ids, unwanted = new Set<bigint>() } of queue.state.leases.values()) {
        assert.isEmpty(Array.from(unwanted).filter((id) => !ids.includes(id)))
      }
    }
  }, options)
})

describe("a job that is not there", () => {
  it("cannot be cancelled", () => {
    assert.isUndefined(CancelSteps.cancel({ jobs: new Map(), leases: new Map() }, 7n))
  })
})
