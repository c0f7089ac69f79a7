/**
 * The commands of workers, one after the other: claims, settlements, and the life and death of
 * workers.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../src/domain/Settlement.ts"
import type { Settled } from "../../src/services/JobRepo.ts"
import type { Command, Run } from "./QueueMachine.ts"
import * as QueueModel from "./QueueModel.ts"

export const operations = [
  "claim",
  "claim and lose the answer",
  "settle",
  "settle again",
  "settle under another lease",
  "come due",
  "join",
  "renew",
  "leave",
  "reportDead",
  "expire",
  "rescue",
  "reconcile"
] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export type WorkerCommands = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ isNarrow, model, queue, seats }: Run) {
  const ids: Array<string> = seats.claimers.map(() => crypto.randomUUID())
  const unknown = new Set<string>()
  let last: ReadonlyArray<Settled> = []
  const control = () => seats.control.now()
  const sql = () => control().session.sql

  const join = Effect.fnUntraced(function*(who: number) {
    if (model.workers.has(ids[who]!)) return
    ids[who] = crypto.randomUUID()
    yield* control().registry.join({
      id: ids[who]!,
      label: "test",
      host: "here",
      pid: 1,
      queues: [queue],
      mode: "any",
      concurrency: 1,
      names: ["test"],
      lease: Duration.hours(1)
    })
    model.workers.set(ids[who]!, { isAsleep: false, isExpired: false })
  })

  const optionsOf = ({ key, priority, who }: Command) => ({
    queues: [queue],
    worker: ids[who]!,
    limit: 1 + priority * 2,
    slots: 3,
    perLaneMax: key
  })

  const claim = Effect.fnUntraced(function*(command: Command) {
    const options = { ...optionsOf(command), isBusy: command.detail % 2 === 0 }
    const { repo } = seats.claimers[command.who]!.now()
    if (!model.workers.has(options.worker)) {
      const error = yield* Effect.flip(repo.claim(options))
      assert.strictEqual(error.code, "PGQ01")
      return
    }
    const { isBehind, jobs } = yield* repo.claim(options)
    const ids = jobs.map(({ id }) => id)
    // A narrow claim may leave out jobs of lanes that it did not look at.
    const expected = isNarrow
      ? model.claimableInLanesOf(ids, options)
      : model.claimableAbove(ids, options)
    assert.deepStrictEqual(ids, expected.map(({ id }) => id))
    assert.deepStrictEqual(
      jobs.map(({ attempt, expiresAt, isSuspect, snoozeCount, unhandledCount }) => ({
        attempt,
        expires: expiresAt !== undefined,
        isSuspect,
        snoozeCount,
        unhandledCount
      })),
      expected.map(({ crashes, expiresAt, failures, snoozeCount, unhandledCount }) => ({
        attempt: failures + 1,
        expires: expiresAt !== undefined,
        isSuspect: crashes > 0,
        snoozeCount,
        unhandledCount
      }))
    )
    model.claimed(options.worker, jobs, { isBehind, isBusy: options.isBusy })
    if (command.op === "claim and lose the answer") {
      for (const { lease } of jobs) unknown.add(lease)
    }
  })

  const knownLeases = () => Array.from(model.leases.values()).filter(({ id }) => !unknown.has(id))

  /**
   * Settlements of some jobs of a lease, as a worker might send them. The jobs of a lane are
   * settled in order, until one does not end for good.
   */
  const settlementsOf = ({ detail, key, priority, who }: Command): ReadonlyArray<Settled> => {
    const known = knownLeases()
    const lease = known[who % known.length]
    if (lease === undefined) return []
    const stopped = new Set<string>()
    const settled: Array<Settled> = []
    for (const id of lease.ids) {
      const lane = model.jobs.get(id)?.key
      if (lane !== undefined && stopped.has(lane)) continue
      const isLeft = settled.length > priority * 2
      const settlement = settlements[(detail + settled.length * key) % settlements.length]!
      if (lane !== undefined && (isLeft || !QueueModel.isEnd(settlement))) stopped.add(lane)
      if (!isLeft) settled.push({ id, lease: lease.id, settlement })
    }
    return settled
  }

  const settle = Effect.fnUntraced(function*(settled: ReadonlyArray<Settled>, isRepeat = false) {
    const expected = model.settle(settled, isRepeat)
    const { lost, rowLocked } = yield* seats.claimers[0]!.now().repo.settle(settled, { isRepeat })
    assertSame(lost.map(({ id }) => id), expected)
    assert.deepStrictEqual(rowLocked, [])
    last = settled
  })

  const settleElsewhere = Effect.gen(function*() {
    const [one, other] = knownLeases()
    if (one === undefined || other === undefined) return
    yield* settle(
      other.ids.map((id) => ({ id, lease: one.id, settlement: Settlement.Completed() }))
    )
  })

  const comeDue = Effect.fnUntraced(function*(isUnblocking: boolean) {
    // This update is marked as a step, because time makes jobs due, not a person.
    yield* sql()`
      UPDATE pgq.jobs SET run_at = now()
      FROM (SELECT set_config('pgq.step', '0', true)) AS mark
      WHERE queue = ${queue} AND state IN ('scheduled', 'retry')
        AND (run_at < 'infinity' OR ${isUnblocking})
    `
    if (isUnblocking) yield* sql()`DELETE FROM pgq.set_aside WHERE queue = ${queue}`
    model.comeDue(isUnblocking)
    yield* promote
  })

  const promote = Effect.gen(function*() {
    const placeBefore = yield* lastPlace
    const { promoted } = yield* control().scheduler.promote
    const placed = yield* sql()<{ id: bigint; place: bigint }>`
      SELECT id, place FROM pgq.jobs WHERE queue = ${queue} AND place > ${placeBefore}
    `
    assert.strictEqual(promoted, model.promote(new Map(placed.map((of) => [of.id, of.place]))))
  })

  /** The last id or place that any job has got. */
  const lastPlace = Effect.suspend(() =>
    Effect.map(
      sql()<{ last: bigint }>`SELECT last_value AS last FROM pgq.jobs_id_seq`,
      ([row]) => row!.last
    )
  )

  /** Lets the lease of a worker run out. No rescue has looked yet. */
  const expire = Effect.fnUntraced(function*(who: number) {
    yield* sql()`
      UPDATE pgq.workers SET lease = '0', lease_until = clock_timestamp() - interval '1 second'
      WHERE id = ${ids[who]!}::uuid
    `
    const worker = model.workers.get(ids[who]!)
    if (worker !== undefined) worker.isExpired = true
  })

  /** Expires the worker that has this lease. */
  const expireOwner = Effect.fnUntraced(function*(lease: string | undefined) {
    const owner = model.leases.get(lease ?? "")?.worker
    for (const who of [0, 1, 2]) if (ids[who] === owner) yield* expire(who)
  })

  const renew = Effect.fnUntraced(function*(who: number) {
    yield* sql()`UPDATE pgq.workers SET lease = '1 hour' WHERE id = ${ids[who]!}::uuid`
    const worker = model.workers.get(ids[who]!)
    const { isKnown } = yield* control().registry.renew(ids[who]!)
    assert.strictEqual(isKnown, worker !== undefined)
    if (worker !== undefined) worker.isExpired = false
  })

  const leave = Effect.fnUntraced(function*(who: number, hasCrashed: boolean) {
    const { registry } = control()
    yield* hasCrashed ? registry.reportDead(ids[who]!) : registry.leave(ids[who]!)
    model.leave(ids[who]!, hasCrashed)
  })

  const rescue = Effect.suspend(() => {
    const expected = model.rescue()
    return Effect.map(
      control().scheduler.rescue,
      (rescued) => assert.strictEqual(rescued, expected)
    )
  })

  /**
   * A worker reconciles. It names the leases whose answers it got, and one lease that never
   * existed.
   */
  const reconcile = Effect.fnUntraced(function*(who: number) {
    const worker = ids[who]!
    const mine = model.leasesOf(worker)
    const known = mine.filter(({ id }) => !unknown.has(id))
    const stranger = crypto.randomUUID()
    const answer = yield* control().registry.reconcile(worker, [
      ...known.map(({ id }) => id),
      stranger
    ])
    const lost = mine.filter(({ id }) => unknown.has(id))
    assert.deepStrictEqual(answer, {
      released: lost.flatMap(({ ids }) => ids).length,
      gone: [stranger]
    })
    for (const lease of lost) model.giveBack(lease, false)
  })

  const step = (op: Operation, command: Command) => {
    switch (op) {
      case "claim":
      case "claim and lose the answer":
        return claim(command)
      case "settle":
        return settle(settlementsOf(command))
      case "settle again":
        return settle(last, true)
      case "settle under another lease":
        return settleElsewhere
      case "come due":
        return comeDue(command.key === 3)
      case "join":
        return join(command.who)
      case "renew":
        return renew(command.who)
      case "leave":
        return leave(command.who, false)
      case "reportDead":
        return leave(command.who, true)
      case "expire":
        return expire(command.who)
      case "rescue":
        return rescue
      case "reconcile":
        return reconcile(command.who)
    }
  }

  const leaveAll = Effect.andThen(
    Effect.forEach(ids, (_, who) => leave(who, false)),
    // Gives back the leases of workers that were rescued while they settled.
    rescue
  )

  /** One more worker claims and completes jobs until none is left. */
  const workOff = Effect.gen(function*() {
    yield* join(0)
    yield* comeDue(true)
    while (model.jobs.size > 0) {
      const left = model.jobs.size
      // A narrow claim may find a lane without claimable jobs, once for each marker.
      for (let tries = isNarrow ? 200 : 1; tries > 0 && model.leases.size === 0; tries--) {
        yield* claim({ op: "claim", who: 0, key: 2, priority: 3, detail: 0 })
      }
      const held = model.leasesOf(ids[0]!).flatMap(({ id, ids }) =>
        ids.map((job) => ({ id: job, lease: id, settlement: Settlement.Completed() }))
      )
      yield* settle(held)
      assert.isBelow(model.jobs.size, left, "some job can never be claimed")
    }
    yield* leave(0, false)
  })

  yield* Effect.forEach(ids, (_, who) => join(who))

  return {
    step,
    leaveAll,
    workOff,
    optionsOf,
    settlementsOf,
    expireOwner,
    expire,
    promote,
    workerOf: (who: number) => ids[who]!
  }
})

/** The settlements that a run may come to, the usual ones first. */
const settlements: ReadonlyArray<Settlement> = [
  Settlement.Completed(),
  Settlement.Released(),
  Settlement.Completed(),
  Settlement.Retried({ delay: Duration.hours(1), error: "again", holdsLane: true }),
  Settlement.Failed({ error: "no", blocksLane: false }),
  Settlement.Retried({ delay: Duration.hours(1), error: "later", holdsLane: false }),
  Settlement.Completed(),
  Settlement.Unhandled({ delay: Duration.hours(1), error: "unknown" }),
  Settlement.Snoozed({ delay: Duration.hours(1), error: "not yet", holdsLane: true }),
  Settlement.Cancelled({ error: "not wanted" }),
  Settlement.Snoozed({ delay: Duration.hours(1), error: "not yet", holdsLane: false }),
  Settlement.Failed({ error: "stop", blocksLane: true })
]

/** The same jobs, in any order. */
export const assertSame = (actual: ReadonlyArray<bigint>, expected: ReadonlyArray<bigint>): void =>
  assert.deepStrictEqual(actual.map(String).toSorted(), expected.map(String).toSorted())
