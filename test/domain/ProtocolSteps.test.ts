/**
 * The promises of pgq, stated without the rules of the specification. The memory store and the
 * model of the property tests share those rules, so their tests would not notice a wrong rule.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import * as Lanes from "../../src/domain/Lanes.ts"
import * as Steps from "../../src/domain/ProtocolSteps.ts"
import { Settlement } from "../../src/domain/Settlement.ts"

type Job = LaneJob.LaneJob

const error = "no"
const delay = Duration.millis(10)
const settlements = [
  Settlement.Completed(),
  Settlement.Released(),
  Settlement.Retried({ delay, error, holdsLane: true }),
  Settlement.Retried({ delay, error, holdsLane: false }),
  Settlement.Unhandled({ delay, error }),
  Settlement.Snoozed({ delay, error, holdsLane: true }),
  Settlement.Snoozed({ delay, error, holdsLane: false }),
  Settlement.Cancelled({ error }),
  Settlement.Failed({ error, blocksLane: false })
]

const operations = ["add", "add later", "claim", "settle", "crash", "give back", "wait"] as const
const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const commands = Schema.Array(Schema.Struct({
  op: Schema.Literals(operations),
  which: upTo(8),
  key: upTo(2),
  priority: upTo(2)
})).check(Schema.isMaxLength(80))
type Command = typeof commands["Type"][number]

/**
 * A queue that tells `watch` of each claim: the ids of the claimed jobs, and all jobs that the
 * claim saw.
 */
const queueOf = (
  watch: { readonly claimed?: (ids: ReadonlyArray<bigint>, seen: Array<Job>) => void }
) => {
  const state = { jobs: new Map<bigint, Job>(), leases: new Map<string, Steps.Lease>() }
  const finished: Array<Steps.Finished<Job>> = []
  let [now, added, lastPlace, leases] = [0, 0n, 1_000_000n, 0]

  const make = (changes: Steps.Changes<Job>): void => {
    Steps.apply(state, changes)
    finished.push(...changes.finished)
  }
  const all = () => Array.from(state.jobs.values())
  const leaseAt = (which: number) => Array.from(state.leases.values()).at(which % state.leases.size)

  const add = ({ key, priority }: Command, dueAt: number): void => {
    const job = { id: ++added, key: key === 0 ? undefined : `k${key}`, priority, dueAt }
    state.jobs.set(job.id, LaneJob.added(job, now))
  }

  const claim = (limit: number, perLaneMax: number): void => {
    const seen = all()
    const claimed = Lanes.claim(seen, [], { limit, slots: 2, perLaneMax })
    make(Steps.lease("worker", claimed, () => String(++leases)))
    watch.claimed?.([...claimed.healthy, ...claimed.suspects].map(({ id }) => id), seen)
  }

  /** Settles the first job of a lease, because the jobs of a lane end in order. */
  const settle = (which: number, settlement: Settlement): void => {
    const lease = leaseAt(which)
    if (lease === undefined) return
    const settled = [{ id: lease.ids[0]!, lease: lease.id, settlement }]
    make(Steps.settle(state, settled, { isRepeat: false, now }).changes)
  }

  const giveBack = (which: number, hasCrashed: boolean): void => {
    const lease = leaseAt(which)
    if (lease !== undefined) make(Steps.giveBack(state, [lease], hasCrashed))
  }

  const wait = (): void => {
    now += 10
    make(Steps.promote(state, now, () => ++lastPlace))
  }

  const step = (command: Command): void => {
    const { key, op, priority, which } = command
    switch (op) {
      case "add":
        return add(command, now)
      case "add later":
        return add(command, now + 10)
      case "claim":
        return claim(1 + priority, key)
      case "settle":
        return settle(which, settlements[(which + priority) % settlements.length]!)
      case "crash":
        return giveBack(which, true)
      case "give back":
        return giveBack(which, false)
      case "wait":
        return wait()
    }
  }

  return { state, finished, step, claim, settle, wait, all, added: () => added }
}

const goesBefore = (a: Job, b: Job): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.id < b.id)

const options = { arbitrary: { runs: 300, size: 300 } }

describe("the specification promises that", () => {
  it.prop("a job is in one lease at a time, and so is a key", { commands }, ({ commands }) => {
    const queue = queueOf({})
    for (const command of commands) {
      queue.step(command)
      const leases = Array.from(queue.state.leases.values())
      const ids = leases.flatMap((lease) => lease.ids)
      assert.strictEqual(new Set(ids).size, ids.length)
      const keys = leases.flatMap((lease) => {
        const keys = Steps.jobsOf(queue.state, lease).flatMap(({ key }) => key ?? [])
        return Array.from(new Set(keys))
      })
      assert.strictEqual(new Set(keys).size, keys.length)
    }
  }, options)

  it.prop("jobs of a key start in (priority, id) order", { commands }, ({ commands }) => {
    const queue = queueOf({
      claimed: (ids, seen) => {
        const taken = seen.filter(({ id }) => ids.includes(id))
        const left = seen.filter(({ id, laneState }) => laneState === "open" && !ids.includes(id))
        for (const job of taken) {
          assert.isFalse(
            left.some((other) =>
              job.key !== undefined && other.key === job.key && goesBefore(other, job)
            )
          )
        }
        // The jobs of a lane that are claimed together end in the order of their lease.
        const answered = ids.flatMap((id) => seen.filter((job) => job.id === id))
        for (const [n, job] of answered.entries()) {
          assert.isFalse(
            answered.slice(n + 1).some((other) =>
              job.key !== undefined && other.key === job.key && goesBefore(other, job)
            )
          )
        }
      }
    })
    commands.forEach(queue.step)
  }, options)

  it.prop(
    "no job is lost or finished twice, and all can be finished",
    { commands },
    ({ commands }) => {
      const queue = queueOf({})
      const check = (): void => {
        const ids = [...queue.finished.map(({ job }) => job.id), ...queue.state.jobs.keys()]
        assert.strictEqual(new Set(ids).size, ids.length)
        assert.strictEqual(BigInt(ids.length), queue.added())
      }
      for (const command of commands) {
        queue.step(command)
        check()
      }
      queue.wait()
      while (queue.state.jobs.size > 0) {
        const left = queue.state.jobs.size
        queue.claim(1, 0)
        while (queue.state.leases.size > 0) queue.settle(0, Settlement.Completed())
        assert.isBelow(queue.state.jobs.size, left, "some job can never be claimed")
      }
      check()
    },
    options
  )

  it.prop(
    "a settlement under a lease that is gone changes nothing",
    { commands },
    ({ commands }) => {
      const queue = queueOf({})
      const gone = new Map<string, ReadonlyArray<bigint>>()
      for (const command of commands) {
        for (const lease of queue.state.leases.values()) gone.set(lease.id, lease.ids)
        queue.step(command)
        const stale = Array.from(gone).flatMap(([lease, ids]) =>
          ids
            .filter((id) => queue.state.leases.get(lease)?.ids.includes(id) !== true)
            .map((id) => ({ id, lease, settlement: Settlement.Completed() }))
        )
        const { changes, lost } = Steps.settle(queue.state, stale, { isRepeat: false, now: 0 })
        assert.deepStrictEqual(lost, stale)
        const none = { jobs: [], finished: [], leases: [], runs: [] }
        assert.deepStrictEqual({ ...changes, leases: [] }, none)
        for (const lease of changes.leases) {
          assert.deepStrictEqual(lease, queue.state.leases.get(lease.id))
        }
      }
    },
    options
  )
})

/**
 * Settles the first of a lane of three jobs. Answers with the jobs that are claimed at once, and
 * those that are claimed after the delay.
 */
const after = (settlement: Settlement): ReadonlyArray<bigint> => {
  const claims: Array<ReadonlyArray<bigint>> = []
  const queue = queueOf({ claimed: (ids) => claims.push(ids) })
  for (let n = 1; n <= 3; n++) queue.step({ op: "add", which: 0, key: 1, priority: 0 })
  queue.claim(9, 1)
  queue.settle(0, settlement)
  queue.claim(9, 0)
  for (const { id } of queue.state.leases.values()) assert.notStrictEqual(id, "1")
  queue.wait()
  while (queue.state.leases.size > 0) queue.settle(0, Settlement.Completed())
  queue.claim(9, 0)
  return claims.slice(1).flat()
}

describe("a lane", () => {
  it.each(
    [
      ["waits for a job that holds it", settlements[2]!, [1n]],
      ["goes on without a job that yields it", settlements[3]!, [2n, 1n]],
      ["waits for a job of an unknown name", settlements[4]!, [1n]],
      ["begins again with a job that was released", settlements[1]!, [1n, 2n]],
      ["stands behind a job that blocks it", Settlement.Failed({ error, blocksLane: true }), []]
    ] as const
  )("%s", (_, settlement, claims) => {
    assert.deepStrictEqual(after(settlement), [...claims])
  })
})

const job = (id: bigint) => LaneJob.added({ id, key: undefined, priority: 0, dueAt: 0 }, 0)
const [first, second, third, fourth] = [job(1n), job(2n), job(3n), job(4n)]
const stateOf = (...leased: ReadonlyArray<Job>) => ({
  jobs: new Map(leased.map((job) => [job.id, LaneJob.leased(job)])),
  leases: new Map([["a", { id: "a", worker: "w", ids: leased.map(({ id }) => id) }]])
})

describe("a lease", () => {
  it("holds healthy jobs together, and each suspect alone", () => {
    let leases = 0
    const claimed = { healthy: [first, second], suspects: [third, fourth], heads: 4 }

    const changes = Steps.lease("w", claimed, () => String(++leases))

    assert.deepStrictEqual(changes.leases, [
      { id: "1", worker: "w", ids: [1n, 2n] },
      { id: "2", worker: "w", ids: [3n] },
      { id: "3", worker: "w", ids: [4n] }
    ])
  })

  it("of a dead worker makes its jobs suspects, and a third crash ends a job", () => {
    const held = stateOf(first, { ...second, crashes: 2 })

    const { finished, jobs, leases } = Steps.giveBack(held, [held.leases.get("a")!], true)

    assert.deepStrictEqual(jobs, [{ ...first, crashes: 1 }])
    assert.deepStrictEqual(finished.map(({ job, outcome }) => [job.id, outcome]), [[2n, "crashed"]])
    assert.deepStrictEqual(leases, [{ id: "a", worker: "w", ids: [] }])
  })

  it("that is handed back leaves its jobs as they were", () => {
    const held = stateOf(first)

    assert.deepStrictEqual(Steps.giveBack(held, [held.leases.get("a")!], false).jobs, [first])
  })

  it("counts a job as recorded that is there no more, when a settlement is sent again", () => {
    const held = stateOf(first)
    const settled = [1n, 2n].map((id) => ({ id, lease: "b", settlement: Settlement.Completed() }))
    const lostOf = (isRepeat: boolean) =>
      Steps.settle(held, settled, { isRepeat, now: 0 }).lost.map(({ id }) => id)

    assert.deepStrictEqual(lostOf(false), [1n, 2n])
    assert.deepStrictEqual(lostOf(true), [1n])
  })
})
