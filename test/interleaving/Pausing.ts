/**
 * Pauses, and jobs of several names, in sessions that the test controls.
 */
import { Effect } from "effect"
import { queueName } from "../Given.ts"
import * as Session from "../support/Session.ts"

export const setup = Effect.gen(function*() {
  const a = yield* Session.open
  const b = yield* Session.open
  const queue = yield* queueName
  return { a, b, queue, worker: yield* a.worker(queue) }
})

/** Adds `count` jobs of a name. Answers with their ids. */
export const add = (
  { sql }: Session.Session,
  { count = 1, key, name, queue }: {
    readonly queue: string
    readonly name: string
    readonly count?: number
    readonly key?: string
  }
) =>
  Effect.map(
    sql<{ id: bigint }>`
      INSERT INTO pgq.jobs (queue, name, serialization_key)
      SELECT ${queue}, ${name}, ${key ?? null} FROM generate_series(1, ${count}) RETURNING id
    `,
    (rows) => rows.map(({ id }) => id)
  )

export const pause = ({ sql }: Session.Session, queue: string, name = "") =>
  Effect.map(
    sql<{ answer: string }>`SELECT pgq.pause(${queue}, ${name}) AS answer`,
    ([row]) => row!.answer
  )

export const resume = ({ sql }: Session.Session, queue: string, name = "") =>
  Effect.map(
    sql<{ answer: string }>`SELECT pgq.resume(${queue}, ${name}) AS answer`,
    ([row]) => row!.answer
  )

/** Takes jobs back that are paused no more. Answers how many. */
export const unpause = ({ sql }: Session.Session, jobsMax = 1000) =>
  Effect.map(
    sql<{ unpaused: number; next_in: number | null }>`SELECT * FROM pgq.unpause(${jobsMax})`,
    ([row]) => row!
  )

export const promote = ({ sql }: Session.Session) => sql`SELECT * FROM pgq.promote(1000)`

/** The states of the jobs of a queue, by their ids. */
export const states = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ state: string }>`SELECT state FROM pgq.job_states WHERE queue = ${queue} ORDER BY id`,
    (rows) => rows.map(({ state }) => state)
  )

/** The number of jobs of a queue that are set aside. */
export const aside = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ n: number }>`SELECT count(*)::integer AS n FROM pgq.set_aside WHERE queue = ${queue}`,
    ([row]) => row!.n
  )
