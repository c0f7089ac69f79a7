/**
 * The commands of producers. They add jobs one by one and in transactions of every isolation level,
 * with pgq and by hand, and they change jobs by hand.
 */
import { Duration, Effect } from "effect"
import type { NewJob } from "../../src/domain/JobRecord.ts"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import { jobOf } from "../Given.ts"
import type { Command, Run } from "./QueueMachine.ts"
import * as QueueModel from "./QueueModel.ts"

export const operations = [
  "add",
  "begin",
  "add in a transaction",
  "commit",
  "roll back",
  "kill a producer",
  "change a priority",
  "change a key",
  "delete"
] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export const make = Effect.fnUntraced(function*({ model, queue, seats }: Run) {
  const open = seats.producers.map((): Array<LaneJob.LaneJob> | undefined => undefined)
  const unannounced = seats.producers.map(() => false)
  const control = () => seats.control.now().session.sql

  const add = Effect.fnUntraced(function*(command: Command) {
    const job = newJob(queue, command)
    const [id] = yield* seats.control.now().repo.enqueue([job])
    model.put(modelOf(id!, job))
  })

  const begin = Effect.fnUntraced(function*({ priority, who }: Command) {
    if (open[who] !== undefined) return
    const { session } = seats.producers[who]!.now()
    yield* priority === 0
      ? session.begin
      : session.beginAt(priority === 1 ? "REPEATABLE READ" : "SERIALIZABLE")
    open[who] = []
  })

  const addInTransaction = Effect.fnUntraced(function*(command: Command) {
    const { detail, who } = command
    yield* begin(command)
    const job = newJob(queue, command)
    const jobs = detail % 3 === 2 ? [job, job] : [job]
    const { repo, session } = seats.producers[who]!.now()
    const key = job.key === undefined ? {} : { key: job.key }
    const isLater = job.delay !== undefined
    // The repository is not told of this transaction. It sends a batch as it is.
    const ids = jobs.length > 1
      ? yield* repo.enqueue(jobs)
      : isLater || detail % 3 === 1
      ? (yield* session.sql<{ id: bigint }>`
          SELECT pgq.enqueue(
            'greet', '{}', ${job.key ?? null}, ${job.priority},
            CASE WHEN ${isLater} THEN now() + interval '1 hour' END, ${queue}
          ) AS id
        `).map(({ id }) => id)
      : [yield* session.insert({ queue, priority: job.priority, ...key })]
    open[who]!.push(...ids.map((id) => modelOf(id, job)))
    if (!isLater) unannounced[who] = true
  })

  const end = Effect.fnUntraced(function*(who: number, how: "commit" | "kill" | "rollback") {
    const added = open[who]
    if (added === undefined) return
    const producer = seats.producers[who]!
    if (how === "kill") {
      yield* producer.kill(control())
      yield* producer.now().session.sql`SET lock_timeout = '5s'`
    } else yield* producer.now().session[how]
    open[who] = undefined
    unannounced[who] = false
    if (how === "commit") added.forEach(model.put)
  })

  /** A job in no lease: running jobs must not be changed by hand. */
  const someJob = (at: number): LaneJob.LaneJob | undefined => {
    const free = model.all().filter(({ laneState }) => laneState !== "leased")
    return free[at % free.length]
  }

  const change = Effect.fnUntraced(function*(op: Operation, { detail, key, priority }: Command) {
    const job = someJob(detail)
    if (job === undefined) return
    const sql = control()
    const to = keyOf(key)
    switch (op) {
      case "change a priority":
        yield* sql`UPDATE pgq.jobs SET priority = ${priority} WHERE id = ${job.id}`
        model.put({ ...job, priority })
        return
      case "change a key": {
        yield* sql`UPDATE pgq.jobs SET serialization_key = ${to ?? null} WHERE id = ${job.id}`
        // A job that held the lane that it leaves does not hold the new one.
        const holds = job.laneState === "delayedHoldingLane"
        model.put({ ...job, key: to, ...holds && job.key !== to ? { laneState: "delayed" } : {} })
        return
      }
      default:
        yield* sql`DELETE FROM pgq.jobs WHERE id = ${job.id}`
        model.jobs.delete(job.id)
    }
  })

  const step = (op: Operation, command: Command) => {
    switch (op) {
      case "add":
        return add(command)
      case "begin":
        return begin(command)
      case "add in a transaction":
        return addInTransaction(command)
      case "commit":
        return end(command.who, "commit")
      case "roll back":
        return end(command.who, "rollback")
      case "kill a producer":
        return end(command.who, "kill")
      default:
        return change(op, command)
    }
  }

  yield* Effect.addFinalizer(() =>
    Effect.orDie(Effect.forEach(open, (_, who) => end(who, "rollback")))
  )

  return {
    step,
    endAll: Effect.forEach(open, (_, who) => end(who, who === 0 ? "commit" : "rollback")),
    /** Whether an open transaction has added jobs that a worker may take at once. */
    hasUnannounced: () => unannounced.some((is) => is)
  }
})

export const keyOf = (key: number): string | undefined => key === 0 ? undefined : `k${key}`

const newJob = (queue: string, { detail, key, priority }: Command): NewJob =>
  jobOf(queue, {
    key: keyOf(key),
    priority,
    delay: detail === laterDetail ? Duration.hours(1) : undefined
  })

const laterDetail = 15

export const modelOf = (id: bigint, { delay, key, priority }: NewJob): LaneJob.LaneJob =>
  LaneJob.added(
    { id, key, priority, dueAt: delay === undefined ? QueueModel.now : QueueModel.later },
    QueueModel.now
  )
