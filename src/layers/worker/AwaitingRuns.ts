/**
 * The runs whose handlers wait for other jobs. Such a run keeps its slot: if all slots have one,
 * and no other worker runs the jobs that they wait for, none of them ever ends.
 */
import { Effect, Latch, type Scope } from "effect"
import type { OwnJob } from "../../domain/OwnJob.ts"
import type { Noted } from "../../services/Awaits.ts"
import * as EventLog from "../effects/EventLog.ts"

/** Answers the note of a wait. Once, a line says that all slots have waited for seconds. */
export const make = Effect.fnUntraced(function*(
  { concurrency, queues }: { readonly concurrency: number; readonly queues: ReadonlyArray<string> }
): Effect.fn.Return<Noted, never, Scope.Scope> {
  const waits = new Map<OwnJob, number>()
  const areFull = yield* Latch.make()
  /** How often the slots have become full of such runs. */
  let times = 0
  // A fiber that outlives its handler may wait on, in no slot.
  const isFull = () =>
    Array.from(waits.keys()).filter(({ isRunning }) => isRunning).length >= concurrency
  const change = (own: ReadonlyArray<OwnJob>, by: 1 | -1) =>
    Effect.sync(() => {
      const wasFull = isFull()
      for (const job of own) {
        const left = (waits.get(job) ?? 0) + by
        if (left > 0) waits.set(job, left)
        else waits.delete(job)
      }
      if (isFull() === wasFull) return
      if (wasFull) areFull.closeUnsafe()
      else {
        times++
        areFull.openUnsafe()
      }
    })
  const lasting = Effect.gen(function*() {
    yield* areFull.await
    const time = times
    yield* Effect.sleep(patience)
    return time === times && isFull()
  })
  const watch = Effect.andThen(
    Effect.repeat(lasting, { until: (isLasting) => isLasting }),
    EventLog.warning("worker.all-await", {
      text: `the handlers in all slots, ${concurrency} of them, wait for other jobs: if no other ` +
        "worker runs those, all of them wait for ever",
      fields: { queues, slots: concurrency }
    })
  )
  yield* Effect.forkScoped(watch)
  return (own, wait) =>
    own.length === 0
      ? wait
      : Effect.acquireUseRelease(change(own, 1), () => wait, () => change(own, -1))
})

/** A result that is on its way comes sooner. */
const patience = "5 seconds"
