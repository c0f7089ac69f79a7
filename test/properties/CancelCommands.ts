/**
 * The commands that cancel jobs, and the promise that such a job never starts again.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Cancellation } from "../../src/domain/Cancellation.ts"
import type { Command, Run } from "./QueueMachine.ts"

export const operations = ["cancel", "cancel twice"] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export type CancelCommands = ReturnType<typeof make>

export const make = ({ model, seats }: Run) => {
  const control = () => seats.control.now()
  /** The jobs that were cancelled, with the lease that held them then. */
  const cancelled = new Map<bigint, string | undefined>()

  /** A job of the queue, at times one that holds its lane, or one that was cancelled before. */
  const someJob = ({ detail, key }: Command): bigint | undefined => {
    const holding = model.all().filter(({ laneState }) => laneState === "delayedHoldingLane")
    const among = detail === 15
      ? Array.from(cancelled.keys())
      : detail > 8 && holding.length > 0
      ? holding.map(({ id }) => id)
      : Array.from(model.jobs.keys())
    return among[(detail + key) % among.length]
  }

  /** Checks the answer to a cancel, and cancels the job in the model. */
  const record = (id: bigint, answer: Cancellation | undefined): void => {
    // A transaction that holds the job may take longer than a cancel waits.
    if (answer?._tag === "Held") return
    const lease = Array.from(model.leases.values()).find(({ ids }) => ids.includes(id))
    if (!cancelled.has(id)) cancelled.set(id, lease?.id)
    assert.deepStrictEqual(answer, model.cancel(id))
  }

  const cancel = Effect.fnUntraced(function*(command: Command, times: number) {
    const id = someJob(command)
    if (id === undefined) return
    const ids = Array.from({ length: times }, () => id)
    const answers = yield* control().control.cancel(ids, { reason: "not wanted" })
    for (const answer of answers) record(id, answer)
  })

  return {
    step: (op: Operation, command: Command) => cancel(command, op === "cancel" ? 1 : 2),
    someJob,
    record,
    /** The job was queued again, as if it had never run. */
    forget: (id: bigint): void => void cancelled.delete(id),
    /** Checks that no cancelled job stands in another lease than it did then. */
    check: (): void => {
      for (const { id: lease, ids } of model.leases.values()) {
        const again = ids.filter((id) => cancelled.has(id) && cancelled.get(id) !== lease)
        assert.deepStrictEqual(again, [], "a cancelled job was claimed")
      }
    },
    /** Checks that no request is left when all jobs have ended. */
    finish: Effect.gen(function*() {
      yield* control().scheduler.forget
      const left = yield* control().session.sql`SELECT job_id FROM pgq.cancel_requests`
      assert.deepStrictEqual(left, [])
    })
  }
}
