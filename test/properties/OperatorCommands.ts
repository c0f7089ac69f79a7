/**
 * The commands by which operators retry, discard and edit jobs.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { CancelCommands } from "./CancelCommands.ts"
import type { Command, Run } from "./QueueMachine.ts"

export const operations = ["retry", "discard", "change priority"] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export const make = ({ model, seats }: Run, cancelling: CancelCommands) => {
  const control = () => seats.control.now().control

  /** A job of the queue, at times one that has ended, or one that holds its lane. */
  const someJob = ({ detail, key }: Command): bigint | undefined => {
    const holding = model.all().filter(({ laneState }) => laneState === "delayedHoldingLane")
    const among = detail > 10
      ? model.unwell()
      : detail > 5 && holding.length > 0
      ? holding.map(({ id }) => id)
      : Array.from(model.jobs.keys())
    return among[(detail + key) % among.length]
  }

  const retry = Effect.fnUntraced(function*(id: bigint) {
    const [answer] = yield* control().retry([id])
    if (answer?._tag === "Held") return
    assert.deepStrictEqual(answer, model.retry(id))
    // Nobody has cancelled the new life of the job.
    if (answer?._tag === "Redriven") cancelling.forget(id)
  })

  const discard = Effect.fnUntraced(function*(id: bigint) {
    const [answer] = yield* control().discard([id])
    if (answer?._tag !== "Held") assert.deepStrictEqual(answer, model.discard(id))
  })

  const changePriority = Effect.fnUntraced(function*(id: bigint, priority: number) {
    const answer = yield* control().edit(id, { priority })
    if (answer._tag !== "Held") assert.deepStrictEqual(answer, model.changePriority(id, priority))
  })

  return {
    step: (op: Operation, command: Command): Effect.Effect<void, unknown> => {
      const id = someJob(command)
      if (id === undefined) return Effect.void
      return op === "retry"
        ? retry(id)
        : op === "discard"
        ? discard(id)
        : changePriority(id, command.priority)
    }
  }
}
