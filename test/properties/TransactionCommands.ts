/**
 * The commands of runs that complete their jobs in the commit of a transaction, with the follow-up
 * jobs that the transaction has added. Either all of it counts, or nothing does.
 */
import { assert } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import type { SqlError } from "effect/sql"
import type { LaneJob } from "../../src/domain/LaneJob.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgTransact from "../../src/layers/postgres/PgTransact.ts"
import type { Settled } from "../../src/services/JobRepo.ts"
import { jobOf } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Points from "./Points.ts"
import { keyOf, modelOf } from "./ProducerCommands.ts"
import type { Command, Run } from "./QueueMachine.ts"
import { assertSame, type WorkerCommands } from "./WorkerCommands.ts"

const overlaps = [
  "commit a run during a rescue",
  "commit a run during a settlement",
  "rescue during the commit of a run",
  "settle during the commit of a run"
] as const

export const operations = [
  "begin a run",
  "add a follow-up job",
  "commit a run",
  "roll a run back",
  "kill a run",
  "give the job of a run to another worker",
  ...overlaps
] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

/** Whether the command is two steps at once. */
export const isOverlap = (op: string): boolean => overlaps.some((operation) => operation === op)

/** A transaction that completes a job when it commits. */
interface OpenRun {
  readonly id: bigint
  readonly lease: string
  readonly followUps: Array<LaneJob>
}

type Seat = Run["seats"]["runners"][number]

export const make = Effect.fnUntraced(function*(
  { model, queue, seats }: Run,
  working: WorkerCommands
) {
  const open = seats.runners.map((): OpenRun | undefined => undefined)
  const seatOf = (who: number): Seat => seats.runners[who % open.length]!
  const openOf = (who: number): OpenRun | undefined => open[who % open.length]
  const close = (who: number): void => void (open[who % open.length] = undefined)
  const sql = () => seats.control.now().session.sql

  /** Jobs that a worker may run now: those of a lane run in their order. */
  const running = (): ReadonlyArray<Pick<OpenRun, "id" | "lease">> =>
    Array.from(model.leases.values()).flatMap((lease) => {
      const jobs = lease.ids.flatMap((id) => model.jobs.get(id) ?? [])
      return jobs
        .filter((job, at) =>
          job.key === undefined || jobs.findIndex(({ key }) => key === job.key) === at
        )
        .map(({ id }) => ({ id, lease: lease.id }))
    })

  const begin = Effect.fnUntraced(function*(command: Command) {
    if (openOf(command.who) !== undefined) return
    const free = running().filter(({ id, lease }) =>
      !open.some((other) => other?.id === id && other.lease === lease)
    )
    const job = free[command.detail % free.length]
    if (job === undefined) return
    const { session } = seatOf(command.who).now()
    yield* session.begin
    const completion = { ...job, result: undefined, ranFor: 1 }
    assert.isTrue(yield* PgTransact.make(session.sql, PgQueue.schema).insert(completion))
    open[command.who % open.length] = { ...job, followUps: [] }
    if (command.priority > 0) yield* follow(command)
  })

  /** Adds a job in the transaction. */
  const follow = Effect.fnUntraced(function*({ key, priority, who }: Command) {
    const run = openOf(who)
    if (run === undefined) return
    const job = jobOf(queue, { key: keyOf(key), priority })
    const [id] = yield* seatOf(who).now().repo.enqueue([job])
    run.followUps.push(modelOf(id!, job))
  })

  /** Commits, checks that the commit has succeeded or not, and does the same in the model. */
  const commit = Effect.fnUntraced(function*(who: number) {
    if (openOf(who) === undefined) return
    const committed = yield* Effect.result(seatOf(who).now().session.commit)
    record(who, codeOf(committed))
  })

  /** Checks the answer to the commit of a run, once all before it is in the model. */
  const record = (who: number, code: string | undefined): void => {
    const { followUps, ...run } = openOf(who)!
    close(who)
    const [lost] = model.settle([completed(run)])
    assert.strictEqual(code, lost === undefined ? undefined : "PGQ03")
    if (lost === undefined) followUps.forEach(model.put)
  }

  const end = Effect.fnUntraced(function*(who: number, how: "kill" | "rollback") {
    if (openOf(who) === undefined) return
    if (how === "kill") yield* seatOf(who).kill(sql())
    else yield* seatOf(who).now().session.rollback
    close(who)
  })

  /** The worker of a run is taken for dead, and another one claims its job. */
  const giveToAnother = Effect.fnUntraced(function*(command: Command) {
    yield* working.expireOwner(openOf(command.who)?.lease)
    yield* working.step("rescue", command)
    yield* working.step("join", command)
    yield* working.step("claim", { ...command, key: 3, priority: 3 })
  })

  /** Ends a transaction as the command says. Answers whether it was committed. */
  const endAs = Effect.fnUntraced(function*({ priority }: Command, seat: Seat) {
    if (priority === 0) yield* seat.now().session.commit
    else if (priority === 1) yield* seat.now().session.rollback
    else yield* seat.kill(sql())
    return priority === 0
  })

  /** Commits a run while another step has done its work and has not committed. */
  const commitDuring = <E>(command: Command, step: Effect.Effect<unknown, E>, then: () => void) =>
    Effect.gen(function*() {
      const [other, mine] = [seats.claimers[0]!, seatOf(command.who)]
      yield* other.now().session.begin
      yield* step
      const commit = Effect.result(mine.now().session.commit)
      const fiber = yield* Effect.forkChild(commit)
      yield* Points.hasEndedOrWaits(sql(), fiber, mine.now().pid)
      if (yield* endAs(command, other)) then()
      record(command.who, codeOf(yield* Fiber.join(fiber)))
    })

  const commitDuringRescue = Effect.fnUntraced(function*(command: Command) {
    const run = openOf(command.who)
    if (run === undefined) return
    yield* working.expireOwner(run.lease)
    yield* commitDuring(command, seats.claimers[0]!.now().scheduler.rescue, () => {
      model.rescue()
    })
  })

  const commitDuringSettlement = Effect.fnUntraced(function*(command: Command) {
    const run = openOf(command.who)
    if (run === undefined || !model.leases.has(run.lease)) return
    const settlement = command.detail % 2 === 0 ? Settlement.Completed() : Settlement.Released()
    const settled = [{ id: run.id, lease: run.lease, settlement }]
    yield* commitDuring(command, seats.claimers[0]!.now().repo.settle(settled), () => {
      model.settle(settled)
    })
  })

  /** Another step begins while the commit of a run has settled its job and has not ended. */
  const duringCommit = Effect.fnUntraced(function*<A, E>(
    command: Command,
    step: Effect.Effect<A, E>
  ) {
    const seat = seatOf(command.who)
    const { session } = seat.now()
    const code = codeOf(yield* Effect.result(session.sql`SET CONSTRAINTS ALL IMMEDIATE`))
    const fiber = yield* Effect.forkChild(step)
    yield* Points.hasEndedOrWaits(sql(), fiber, seats.claimers[0]!.now().pid)
    if (code !== undefined) yield* session.rollback
    const isDone = code === undefined && (yield* endAs(command, seat))
    return { answer: yield* Fiber.join(fiber), code, isDone }
  })

  /** The same in the model, where the commit has failed with this code, or was given up. */
  const finish = (
    who: number,
    { code, isDone }: { readonly code: string | undefined; readonly isDone: boolean }
  ): void => isDone || code !== undefined ? record(who, code) : close(who)

  const rescueDuringCommit = Effect.fnUntraced(function*(command: Command) {
    const run = openOf(command.who)
    if (run === undefined) return
    yield* working.expireOwner(run.lease)
    const end = yield* duringCommit(command, seats.claimers[0]!.now().scheduler.rescue)
    model.rescue(end.code === undefined ? { lease: run.lease } : {})
    finish(command.who, end)
  })

  const settleDuringCommit = Effect.fnUntraced(function*(command: Command) {
    const run = openOf(command.who)
    if (run === undefined) return
    const settled = [completed(run)]
    const { repo } = seats.claimers[0]!.now()
    // A settlement waits for a short time only, and its worker tries again.
    const settling = Effect.retry(repo.settle(settled, { isRepeat: true }), {
      times: 50,
      while: ({ code }) => code === "55P03"
    })
    const end = yield* duringCommit(command, settling)
    finish(command.who, end)
    assertSame(end.answer.lost.map(({ id }) => id), model.settle(settled, true))
  })

  const step = (op: Operation, command: Command): Effect.Effect<void, unknown> => {
    switch (op) {
      case "begin a run":
        return begin(command)
      case "add a follow-up job":
        return follow(command)
      case "commit a run":
        return commit(command.who)
      case "roll a run back":
        return end(command.who, "rollback")
      case "kill a run":
        return end(command.who, "kill")
      case "give the job of a run to another worker":
        return giveToAnother(command)
      case "commit a run during a rescue":
        return commitDuringRescue(command)
      case "commit a run during a settlement":
        return commitDuringSettlement(command)
      case "rescue during the commit of a run":
        return rescueDuringCommit(command)
      case "settle during the commit of a run":
        return settleDuringCommit(command)
    }
  }

  yield* Effect.addFinalizer(() =>
    Effect.orDie(Effect.forEach(open, (_, who) => end(who, "rollback")))
  )

  return {
    step,
    endAll: Effect.forEach(open, (_, who) => who === 0 ? commit(who) : end(who, "rollback")),
    /** Whether an open transaction has added jobs that a worker may take at once. */
    hasUnannounced: () => open.some((run) => run !== undefined && run.followUps.length > 0)
  }
})

const completed = ({ id, lease }: Pick<OpenRun, "id" | "lease">): Settled => ({
  id,
  lease,
  settlement: Settlement.Completed()
})

/** The code of the error, if there is one. */
const codeOf = (end: Result.Result<unknown, SqlError.SqlError>): string | undefined =>
  Result.isSuccess(end) ? undefined : storeError("commit")(end.failure).code
