/**
 * A queue in PostgreSQL beside its model, driven by the same commands: producers that keep
 * transactions open, claims in every mode, settlements of every kind, workers that die.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Lanes from "../../src/domain/Lanes.ts"
import type * as Session from "../support/Session.ts"

/** Small numbers choose among whatever there is to choose from when the command's turn comes. */
export interface Command {
  readonly op: typeof operations[number]
  readonly who: number
  readonly key: number
  readonly priority: number
}

export const operations = [
  "insert",
  "insert in a transaction",
  "commit",
  "roll back",
  "claim",
  "complete",
  "release",
  "retry and hold",
  "retry and yield",
  "come due",
  "settle again",
  "settle under another lease",
  "reportDead"
] as const

interface ModelJob {
  readonly id: bigint
  readonly key: string | undefined
  readonly priority: number
  laneState: Lanes.LaneState
}

interface Held {
  readonly lease: string
  readonly ids: Array<bigint>
}

/**
 * One run of the machine, over a queue of its own. Where claims are narrow, they look at one lane
 * each: what one answers with is right, and may be less than there is.
 */
export const make = Effect.fnUntraced(function*(
  producers: ReadonlyArray<Session.Session>,
  session: Session.Session,
  isNarrow = false
) {
  const queue = crypto.randomUUID()
  let worker = yield* session.worker(queue)
  const jobs = new Map<bigint, ModelJob>()
  const open = producers.map((): Array<ModelJob> | undefined => undefined)
  let leases: Array<Held> = []
  const settled: Array<{ readonly lease: string; readonly id: bigint }> = []

  const inQueue = () => Array.from(jobs.values())
  const insert = Effect.fnUntraced(function*(by: Session.Session, { key, priority }: Command) {
    const job = key === 0 ? { priority } : { key: `k${key}`, priority }
    const id = yield* by.insert({ queue, ...job })
    return { id, key: undefined, ...job, laneState: "open" } satisfies ModelJob
  })

  /** Ends the transaction that a producer has open, if it has one. */
  const end = Effect.fnUntraced(function*(who: number, isCommitted: boolean) {
    const added = open[who]
    if (added === undefined) return
    yield* isCommitted ? producers[who]!.commit : producers[who]!.rollback
    open[who] = undefined
    if (isCommitted) { for (const job of added) jobs.set(job.id, job) }
  })

  const claim = Effect.fnUntraced(function*({ key: perLaneMax, priority, who }: Command) {
    const limit = 1 + priority * 2
    const heads = Lanes.claimable(inQueue()).slice(0, limit)
    const expected = heads.flatMap((head) => [head, ...Lanes.behind(inQueue(), head, perLaneMax)])

    const { ids, lease } = yield* session.claim({
      queue,
      worker,
      limit,
      perLaneMax,
      isExclusive: who === 0
    })

    const allowed = isNarrow ? anyLanes(perLaneMax).filter(({ id }) => ids.includes(id)) : expected
    assert.deepStrictEqual(ids, allowed.toSorted(Lanes.byUrgency).map(({ id }) => id))
    for (const job of allowed) job.laneState = "leased"
    if (ids.length > 0) leases.push({ lease, ids })
  })

  /** The first of each lane, and what may run after it. */
  const anyLanes = (perLaneMax: number) =>
    Lanes.claimable(inQueue()).flatMap((
      head
    ) => [head, ...Lanes.behind(inQueue(), head, perLaneMax)])

  const complete = Effect.fnUntraced(function*({ priority, who }: Command) {
    const held = leases[who % leases.length]
    if (held === undefined) return
    const ids = held.ids.splice(0, 1 + priority)
    assert.deepStrictEqual(yield* session.complete(held.lease, ids), [])
    for (const id of ids) {
      jobs.delete(id)
      settled.push({ lease: held.lease, id })
    }
  })

  /** The first job of a lease goes back, and with it the rest of its lane's run. */
  const giveBack = Effect.fnUntraced(
    function*({ who }: Command, outcome: object, to: Lanes.LaneState) {
      const held = leases[who % leases.length]
      const first = held?.ids.map((id) => jobs.get(id)!)[0]
      if (held === undefined || first === undefined) return
      yield* session.settleOther({ ...outcome, lease: held.lease, id: String(first.id) })
      const gone = held.ids.filter((id) =>
        id === first.id || (first.key !== undefined && jobs.get(id)!.key === first.key)
      )
      for (const id of gone) {
        jobs.get(id)!.laneState = "open"
        held.ids.splice(held.ids.indexOf(id), 1)
      }
      first.laneState = to
    }
  )

  const retried = { outcome: "retried", delay: 3600, error: "again" }

  const comeDue = Effect.gen(function*() {
    yield* session.asStep(
      `UPDATE pgq.jobs SET run_at = now() WHERE queue = '${queue}' AND run_at IS NOT NULL`
    )
    yield* session.sql`SELECT promoted FROM pgq.promote(1000)`
    for (const job of inQueue()) {
      if (job.laneState === "delayed" || job.laneState === "delayedHoldingLane") {
        job.laneState = "open"
      }
    }
  })

  const settleAgain = Effect.gen(function*() {
    const last = settled.at(-1)
    if (last === undefined) return
    assert.deepStrictEqual(yield* session.completeAgain(last.lease, [last.id]), [])
  })

  const settleElsewhere = Effect.gen(function*() {
    const [one, other] = leases
    if (one === undefined || other === undefined) return
    const ids = other.ids.slice(0, 1)
    assert.deepStrictEqual(yield* session.complete(one.lease, ids), ids)
  })

  /** The worker leaves with all it holds; what it settles afterwards is refused. */
  const reportDead = Effect.gen(function*() {
    yield* session.sql`SELECT pgq.leave(${worker}::uuid, false)`
    for (const { ids, lease } of leases) {
      if (ids.length > 0) assert.deepStrictEqual(yield* session.complete(lease, ids), ids)
      for (const id of ids) jobs.get(id)!.laneState = "open"
    }
    leases = []
    worker = yield* session.worker(queue)
  })

  const step = Effect.fnUntraced(function*(command: Command) {
    const producer = producers[command.who]!
    leases = leases.filter(({ ids }) => ids.length > 0)
    switch (command.op) {
      case "insert": {
        const job = yield* insert(session, command)
        jobs.set(job.id, job)
        return
      }
      case "insert in a transaction": {
        const added = open[command.who]
        if (added === undefined) yield* producer.begin
        open[command.who] = [...(added ?? []), yield* insert(producer, command)]
        return
      }
      case "commit":
        return yield* end(command.who, true)
      case "roll back":
        return yield* end(command.who, false)
      case "claim":
        return yield* claim(command)
      case "complete":
        return yield* complete(command)
      case "release":
        return yield* giveBack(command, { outcome: "released" }, "open")
      case "retry and hold":
        return yield* giveBack(command, { ...retried, holds: true }, "delayedHoldingLane")
      case "retry and yield":
        return yield* giveBack(command, { ...retried, holds: false }, "delayed")
      case "come due":
        return yield* comeDue
      case "settle again":
        return yield* settleAgain
      case "settle under another lease":
        return yield* settleElsewhere
      case "reportDead":
        return yield* reportDead
    }
  })

  /** Whatever happened, everything committed can be finished: nothing is lost or stuck. */
  const finish = Effect.gen(function*() {
    yield* Effect.forEach(producers, (_, who) => end(who, who === 0))
    yield* reportDead
    yield* comeDue
    while (jobs.size > 0) {
      const left = jobs.size
      // A narrow claim may come to a lane that has nothing, once for each of the markers that there
      // are.
      for (let tries = isNarrow ? 200 : 1; tries > 0 && leases.length === 0; tries--) {
        yield* claim({ op: "claim", who: 1, key: 2, priority: 2 })
      }
      for (const who of leases.keys()) {
        yield* complete({ op: "complete", who, key: 0, priority: 1000 })
      }
      leases = []
      assert.isBelow(jobs.size, left, "some job can never be claimed")
    }
    const [rest] = yield* session.sql<{ n: number }>`
      SELECT count(*)::integer AS n FROM pgq.jobs WHERE queue = ${queue}
    `
    assert.strictEqual(rest!.n, 0)
  })

  return { step, finish }
})
