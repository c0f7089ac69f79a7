/**
 * All that wait for jobs in a process, and the looks that they share.
 */
import { Cause, Clock, Deferred, Effect, Exit, Latch, Option, Random } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { JobEnd } from "../domain/JobEnd.ts"

/** Jobs to look at. The look names the kinds of the `fresh` ones that have not ended. */
export interface Asked {
  readonly old: ReadonlyArray<bigint>
  readonly fresh: ReadonlyArray<bigint>
}

/** How these jobs have ended. A job that has not is left out, or is `Other` if it is fresh. */
export type Look = (asked: Asked) => Effect.Effect<ReadonlyMap<bigint, JobEnd>, StoreError>

export type Waiters = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(look: Look) {
  const waiters = new Set<Waiter>()
  const hasWaiters = yield* Latch.make()

  const round = Effect.gen(function*() {
    yield* hasWaiters.await
    const now = yield* Clock.currentTimeMillis
    if (Array.from(waiters).some(({ nextAt }) => nextAt <= now)) {
      // Those that are due soon come along, so that many that wait share a look.
      const along = Array.from(waiters).filter(({ nextAt, pause }) => nextAt <= now + pause / 2)
      const seen = yield* Effect.exit(lookAt(look, along))
      for (const one of along) tell(one, seen, now)
    }
    if (waiters.size === 0) hasWaiters.closeUnsafe()
    else yield* Effect.sleep(shortest * (0.75 + (yield* Random.next) / 2))
  })
  yield* round.pipe(Effect.forever, Effect.forkScoped)

  let isClosed = false
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      for (const { end } of waiters) Deferred.doneUnsafe(end, Exit.interrupt())
    })
  )

  const join = (id: bigint, name: string | undefined) =>
    Effect.gen(function*() {
      if (isClosed) return yield* Effect.interrupt
      const nextAt = yield* Clock.currentTimeMillis
      const end = yield* Deferred.make<JobEnd, StoreError>()
      const waiter: Waiter = { id, name, end, isFresh: true, nextAt, pause: shortest }
      waiters.add(waiter)
      hasWaiters.openUnsafe()
      return waiter
    })

  /** Waits until the job has ended, or is found not to be of this kind. */
  return (id: bigint, name: string | undefined): Effect.Effect<JobEnd, StoreError> =>
    Effect.acquireUseRelease(
      join(id, name),
      ({ end }) => Deferred.await(end),
      (waiter) => Effect.sync(() => waiters.delete(waiter))
    )
})

interface Waiter {
  readonly id: bigint
  readonly name: string | undefined
  readonly end: Deferred.Deferred<JobEnd, StoreError>
  isFresh: boolean
  /** When to look next, and how long after the look before, in milliseconds. */
  nextAt: number
  pause: number
}

const lookAt = (look: Look, waiters: ReadonlyArray<Waiter>) => {
  const fresh = new Set(waiters.filter(({ isFresh }) => isFresh).map(({ id }) => id))
  const old = new Set(waiters.map(({ id }) => id).filter((id) => !fresh.has(id)))
  return look({ fresh: Array.from(fresh), old: Array.from(old) })
}

/** Tells a waiter what a look has seen of its job. An outage of the database is waited for, too. */
const tell = (
  waiter: Waiter,
  seen: Exit.Exit<ReadonlyMap<bigint, JobEnd>, StoreError>,
  now: number
): void => {
  waiter.pause = Math.min(waiter.pause * 1.5, longest)
  waiter.nextAt = now + waiter.pause
  if (Exit.isFailure(seen)) {
    const error = Option.getOrUndefined(Cause.findErrorOption(seen.cause))
    if (error?.isTransient !== true) Deferred.doneUnsafe(waiter.end, Exit.failCause(seen.cause))
    return
  }
  waiter.isFresh = false
  const end = seen.value.get(waiter.id)
  if (end === undefined) return
  if (end._tag === "Other" && (waiter.name === undefined || waiter.name === end.name)) return
  Deferred.doneUnsafe(waiter.end, Exit.succeed(end))
}

/** The pauses between looks at a job, in milliseconds. */
const [shortest, longest] = [50, 1000]
