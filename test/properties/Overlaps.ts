/**
 * Two steps at once. The second step begins when the first has done its work but has not committed.
 * Then the first step commits, is rolled back, or loses its connection.
 */
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import { isSuspect, type LaneJob } from "../../src/domain/LaneJob.ts"
import * as Lanes from "../../src/domain/Lanes.ts"
import type { Settling } from "../../src/services/JobRepo.ts"
import { jobOf } from "../Given.ts"
import type { CancelCommands } from "./CancelCommands.ts"
import * as Points from "./Points.ts"
import { modelOf } from "./ProducerCommands.ts"
import type { Command, Run } from "./QueueMachine.ts"
import { assertSame, type WorkerCommands } from "./WorkerCommands.ts"

export const operations = [
  "claim during a claim",
  "claim during a settlement",
  "settle during the same settlement",
  "settle during a rescue",
  "rescue during a settlement",
  "rescue during a claim",
  "cancel during a claim",
  "cancel during a settlement",
  "something between two statements of a claim"
] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

const assertRecorded = ({ lost, rowLocked }: Settling): void =>
  assert.deepStrictEqual([lost, rowLocked], [[], []])

type Seat = Run["seats"]["claimers"][number]

const claimBy = (seat: Seat, options: ReturnType<WorkerCommands["optionsOf"]>) =>
  Effect.map(seat.now().repo.claim(options), ({ jobs }) => jobs)

export const make = (
  { model, queue, seats }: Run,
  working: WorkerCommands,
  cancelling: CancelCommands
) => {
  const sql = () => seats.control.now().session.sql
  const seatOf = (who: number): Seat => seats.claimers[who % 3]!

  /**
   * Whether the first step was committed, whether the second had to wait, and the answers of both.
   */
  const overlap = Effect.fnUntraced(function*<A, B, E, F>(
    { priority }: Command,
    first: { readonly by: Seat; readonly does: Effect.Effect<A, E> },
    second: { readonly by: Seat; readonly does: Effect.Effect<B, F> }
  ) {
    const { session } = first.by.now()
    yield* session.begin
    const one = yield* first.does
    const fiber = yield* Effect.forkChild(second.does)
    const hasWaited = yield* Points.hasEndedOrWaits(sql(), fiber, second.by.now().pid)
    if (priority === 0) yield* session.commit
    else if (priority === 1) yield* session.rollback
    else yield* first.by.kill(sql())
    return { isDone: priority === 0, hasWaited, one, two: yield* Fiber.join(fiber) }
  })

  /**
   * Checks a claim that ran beside another step. The claim may have seen the lanes and jobs of the
   * other step as taken or as free.
   */
  const assertFits = (
    ids: ReadonlyArray<bigint>,
    limit: number,
    taken: ReadonlyArray<bigint>
  ): void => {
    const free = Lanes.claimable(model.all())
    assert.isAtMost(ids.length, limit)
    if (model.all().some(isSuspect)) {
      assert.includeMembers(allHeads(), ids.map(String))
      return
    }
    assert.includeMembers(free.map(({ id }) => String(id)), ids.map(String))
    const isLone = (job: LaneJob) =>
      job.key === undefined && (ids.includes(job.id) || !model.wasPassed(job))
    const lone = free.filter(isLone).map(({ id }) => id)
    const unlocked = lone.filter((id) => !taken.includes(id))
    const picked = ids.filter((id) => lone.includes(id))
    const count = ids.length < limit ? Infinity : picked.length
    const fitting = [lone, unlocked].map((each) => each.slice(0, count).join())
    assert.include(fitting, picked.join())
  }

  /** The first job of each lane, and all jobs without a key, suspects or not. */
  const allHeads = (): Array<string> => Lanes.claimable(model.all()).map(({ id }) => String(id))

  const isWorking = (who: number): boolean => model.workers.has(working.workerOf(who % 3))

  const claims = Effect.fnUntraced(function*(command: Command) {
    const other = (command.who + 1 + command.detail % 2) % 3
    if (!isWorking(command.who) || !isWorking(other)) return
    const [a, b] = [seatOf(command.who), seatOf(other)]
    const mine = working.optionsOf(command)
    const theirs = { ...working.optionsOf({ ...command, who: other }), perLaneMax: 0, limit: 3 }
    const before = model.all()

    const first = Effect.tap(claimBy(a, mine), () => addBetween(command))
    const second = claimBy(b, theirs)
    const { isDone, one, two } = yield* overlap(
      command,
      { by: a, does: first },
      { by: b, does: second }
    )

    const taken = one.map(({ id }) => id)
    assert.deepStrictEqual(
      taken,
      model.claimableAbove(taken, mine, before).map(({ id }) => id)
    )
    model.found(one)
    if (isDone) model.claimed(mine.worker, one)
    const ids = two.map(({ id }) => id)
    if (a.isExclusive || b.isExclusive) {
      assert.deepStrictEqual(
        ids,
        model.claimableAbove(ids, theirs).map(({ id }) => id)
      )
    } else assertFits(ids, theirs.limit, taken)
    model.claimed(theirs.worker, two)
  })

  /**
   * A producer adds a job in the middle of a claim. The producer must not wait, and its job must
   * not be forgotten.
   */
  const addBetween = Effect.fnUntraced(function*({ detail, key }: Command) {
    if (detail < 8) return
    const job = jobOf(queue, { key: key === 0 ? undefined : `k${key}`, priority: detail % 3 })
    const [id] = yield* seats.control.now().repo.enqueue([job])
    model.put(modelOf(id!, job))
  })

  const claimDuringSettlement = Effect.fnUntraced(function*(command: Command) {
    if (!isWorking(1)) return
    const settled = working.settlementsOf(command)
    const options = { ...working.optionsOf({ ...command, who: 1 }), perLaneMax: 0, limit: 3 }
    const { isDone, one, two } = yield* overlap(
      command,
      { by: seatOf(0), does: seatOf(0).now().repo.settle(settled) },
      { by: seatOf(1), does: claimBy(seatOf(1), options) }
    )
    assertRecorded(one)
    const ids = two.map(({ id }) => id)
    if (isDone) model.settle(settled)
    assertFits(ids, options.limit, settled.map(({ id }) => id))
    model.claimed(options.worker, two)
  })

  const settleTwice = Effect.fnUntraced(function*(command: Command) {
    const settled = working.settlementsOf(command)
    const { isDone, one, two } = yield* overlap(
      command,
      { by: seatOf(0), does: seatOf(0).now().repo.settle(settled) },
      { by: seatOf(1), does: seatOf(1).now().repo.settle(settled, { isRepeat: true }) }
    )
    assertRecorded(one)
    if (isDone) model.settle(settled)
    assertSame(two.lost.map(({ id }) => id), model.settle(settled, true))
  })

  const settleDuringRescue = Effect.fnUntraced(function*(command: Command) {
    const settled = working.settlementsOf(command)
    yield* working.expireOwner(settled[0]?.lease)
    const { isDone, two } = yield* overlap(
      command,
      { by: seatOf(2), does: seatOf(2).now().scheduler.rescue },
      { by: seatOf(0), does: seatOf(0).now().repo.settle(settled) }
    )
    if (isDone) model.rescue()
    assertSame(two.lost.map(({ id }) => id), model.settle(settled))
  })

  const rescueDuringSettlement = Effect.fnUntraced(function*(command: Command) {
    const settled = working.settlementsOf(command)
    yield* working.expireOwner(settled[0]?.lease)
    const { isDone, one } = yield* overlap(
      command,
      { by: seatOf(0), does: seatOf(0).now().repo.settle(settled) },
      { by: seatOf(2), does: seatOf(2).now().scheduler.rescue }
    )
    assertRecorded(one)
    model.rescue({ lease: settled[0]?.lease ?? "" })
    if (isDone) model.settle(settled)
  })

  const rescueDuringClaim = Effect.fnUntraced(function*(command: Command) {
    if (!isWorking(command.who)) return
    yield* working.expire(command.who)
    const options = working.optionsOf(command)
    const { isDone, one } = yield* overlap(
      command,
      { by: seatOf(command.who), does: claimBy(seatOf(command.who), options) },
      { by: seatOf(command.who + 1), does: seatOf(command.who + 1).now().scheduler.rescue }
    )
    const taken = one.map(({ id }) => id)
    assert.deepStrictEqual(
      taken,
      model.claimableAbove(taken, options).map(({ id }) => id)
    )
    model.found(one)
    if (isDone) model.claimed(options.worker, one)
    // A rescue passes by rows that the claim has locked: the worker's row, or the job of a lease.
    // The next rescue does not.
    yield* seatOf(command.who + 1).now().scheduler.rescue
    model.rescue()
  })

  const cancelDuringClaim = Effect.fnUntraced(function*(command: Command) {
    const id = cancelling.someJob(command)
    if (!isWorking(command.who) || id === undefined) return
    const [a, b] = [seatOf(command.who), seatOf(command.who + 1)]
    const options = working.optionsOf(command)
    const { isDone, one, two } = yield* overlap(
      command,
      { by: a, does: claimBy(a, options) },
      { by: b, does: b.now().control.cancel([id], { reason: "not wanted" }) }
    )
    const taken = one.map((job) => job.id)
    assert.deepStrictEqual(taken, model.claimableAbove(taken, options).map((job) => job.id))
    model.found(one)
    if (isDone) model.claimed(options.worker, one)
    cancelling.record(id, two[0])
  })

  const cancelDuringSettlement = Effect.fnUntraced(function*(command: Command) {
    const settled = working.settlementsOf(command)
    const id = settled[0]?.id
    if (id === undefined) return
    const { isDone, one, two } = yield* overlap(
      command,
      { by: seatOf(0), does: seatOf(0).now().repo.settle(settled) },
      { by: seatOf(1), does: seatOf(1).now().control.cancel([id], { reason: "not wanted" }) }
    )
    assertRecorded(one)
    if (isDone) model.settle(settled)
    cancelling.record(id, two[0])
  })

  /**
   * A claim is paused between two of its statements. Meanwhile other sessions add a job, claim or
   * settle.
   */
  const betweenStatements = Effect.fnUntraced(function*(command: Command) {
    const [a, b] = [seatOf(0), seatOf(1)]
    if (!isWorking(0) || !isWorking(1)) return
    const mine = { ...working.optionsOf({ ...command, who: 0 }), perLaneMax: 0 }
    const theirs = { ...mine, worker: working.workerOf(1) }
    const doesAdd = command.detail % 4 < 2
    const settled = command.detail % 4 === 3 ? working.settlementsOf(command) : []
    const meanwhile = Effect.gen(function*() {
      if (doesAdd) yield* addBetween({ ...command, detail: 8 + command.detail % 8 })
      if (command.detail % 4 === 0) return []
      if (settled.length === 0) return yield* claimBy(b, theirs)
      assertRecorded(yield* b.now().repo.settle(settled))
      return []
    })

    const headsBefore = allHeads()
    const { first, isSecondFirst, second } = yield* Points.paused({
      sql: sql(),
      at: Points.names[command.priority]!,
      first: { seat: a.now(), does: claimBy(a, mine) },
      second: { seat: b.now(), does: meanwhile }
    })

    const record = (
      worker: string,
      jobs: ReadonlyArray<ClaimedJob>,
      seen: ReadonlyArray<string> = []
    ) => {
      const ids = jobs.map(({ id }) => id)
      assert.includeMembers([...seen, ...allHeads()], ids.map(String))
      model.claimed(worker, jobs)
    }
    // A claim that ended before the other step began need not know of the job that the other step
    // added.
    if (!isSecondFirst) record(mine.worker, first, headsBefore)
    if (settled.length > 0) model.settle(settled)
    else if (command.detail % 4 !== 0) record(theirs.worker, second)
    if (isSecondFirst) record(mine.worker, first)
  })

  const step = (op: Operation, command: Command) => {
    switch (op) {
      case "something between two statements of a claim":
        return betweenStatements(command)
      case "claim during a claim":
        return claims(command)
      case "claim during a settlement":
        return claimDuringSettlement(command)
      case "settle during the same settlement":
        return settleTwice(command)
      case "settle during a rescue":
        return settleDuringRescue(command)
      case "rescue during a settlement":
        return rescueDuringSettlement(command)
      case "rescue during a claim":
        return rescueDuringClaim(command)
      case "cancel during a claim":
        return cancelDuringClaim(command)
      case "cancel during a settlement":
        return cancelDuringSettlement(command)
    }
  }

  return { step }
}
