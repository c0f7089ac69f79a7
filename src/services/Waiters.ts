/**
 * All that wait for jobs in a process, and the looks that they share.
 */
import { Cause, Clock, Deferred, Effect, Exit, Latch, Option, Random } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { JobEnd } from "../domain/JobEnd.ts"
import { type OwnJob, waitsFor } from "../domain/OwnJob.ts"

/** Jobs to look at. The look tells of the `fresh` ones, though they have not ended. */
export interface Asked {
  readonly old: ReadonlyArray<bigint>
  readonly fresh: ReadonlyArray<bigint>
  /** Those that an earlier look has found unfinished. */
  readonly again: ReadonlyArray<bigint>
}

/** A look at these jobs. One of which there is nothing to say is left out. */
export type Look<A> = (asked: Asked) => Effect.Effect<ReadonlyMap<bigint, A>, StoreError>

export const make = Effect.fnUntraced(function*<A>(look: Look<A>) {
  const waiters = new Set<Waiter<A>>()
  const hasWaiters = yield* Latch.make()

  const round = Effect.gen(function*() {
    yield* hasWaiters.await
    const now = yield* Clock.currentTimeMillis
    if (Array.from(waiters).some(({ nextAt }) => nextAt <= now)) {
      // Those that are due soon come along, so that many that wait share a look.
      const along = Array.from(waiters).filter(({ nextAt, pause }) => nextAt <= now + pause / 2)
      for (const one of along) one.isHinted = false
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

  const join = (id: bigint, { isLate, isMeant, isToldOf = false }: Wanted<A>) =>
    Effect.gen(function*() {
      if (isClosed) return yield* Effect.interrupt
      const now = yield* Clock.currentTimeMillis
      const end = yield* Deferred.make<A, StoreError>()
      const [nextAt, pause] = isLate === true ? [now + longest, longest] : [now, shortest]
      const waiter: Waiter<A> = {
        id,
        isMeant,
        isToldOf,
        end,
        isFresh: true,
        isHinted: false,
        nextAt,
        pause
      }
      waiters.add(waiter)
      hasWaiters.openUnsafe()
      return waiter
    })

  return {
    /** Waits until a look at the job sees what is wanted. */
    waitFor: (id: bigint, wanted: Wanted<A>): Effect.Effect<A, StoreError> =>
      Effect.acquireUseRelease(
        join(id, wanted),
        ({ end }) => Deferred.await(end),
        (waiter) => Effect.sync(() => waiters.delete(waiter))
      ),
    /** These jobs may have ended: the next round, some 50 ms away, looks at them. */
    hint: (ids: ReadonlySet<bigint> | "all"): void => {
      for (const waiter of waiters) {
        if (ids !== "all" && !ids.has(waiter.id)) continue
        waiter.isHinted = true
        waiter.nextAt = 0
      }
    },
    hasWaiters: () => waiters.size > 0
  }
})

interface Wanted<A> {
  /** Whether this is what is waited for. */
  readonly isMeant: (seen: A) => boolean
  /** Whether the job was seen just now, so that the first look is a second away. */
  readonly isLate?: boolean
  /** Whether each look is to tell of the job, though it has not ended; else only the first. */
  readonly isToldOf?: boolean
}

/**
 * The end of a job, of the kind `name` or of any; or that it is of another kind, or waits for one
 * of the `own` jobs, whose keys may change.
 */
export const endOf = (
  id: bigint,
  { name, own = [] }: {
    readonly name?: string | undefined
    readonly own?: ReadonlyArray<OwnJob> | undefined
  }
): Wanted<JobEnd> => ({
  isMeant: (end) =>
    end._tag !== "Other" || (name !== undefined && name !== end.name) ||
    waitsFor({ ...end, id }, own),
  isToldOf: own.length > 0
})

interface Waiter<A> {
  readonly id: bigint
  readonly isMeant: (seen: A) => boolean
  readonly isToldOf: boolean
  readonly end: Deferred.Deferred<A, StoreError>
  isFresh: boolean
  /** Whether a hint has come that no look has followed. */
  isHinted: boolean
  /** When to look next, and how long after the look before, in milliseconds. */
  nextAt: number
  pause: number
}

const lookAt = <A>(look: Look<A>, waiters: ReadonlyArray<Waiter<A>>) => {
  const fresh = idsOf(waiters.filter(({ isFresh, isToldOf }) => isFresh || isToldOf))
  const old = new Set(Array.from(idsOf(waiters)).filter((id) => !fresh.has(id)))
  const again = idsOf(waiters.filter(({ isFresh }) => !isFresh))
  return look({ fresh: Array.from(fresh), old: Array.from(old), again: Array.from(again) })
}

const idsOf = <A>(waiters: ReadonlyArray<Waiter<A>>) => new Set(waiters.map(({ id }) => id))

/** Tells a waiter what a look has seen of its job. An outage of the database is waited for, too. */
const tell = <A>(
  waiter: Waiter<A>,
  seen: Exit.Exit<ReadonlyMap<bigint, A>, StoreError>,
  now: number
): void => {
  waiter.pause = Math.min(waiter.pause * 1.5, longest)
  // The look may have begun before the end of which the hint tells.
  if (!waiter.isHinted) waiter.nextAt = now + waiter.pause
  if (Exit.isFailure(seen)) {
    const error = Option.getOrUndefined(Cause.findErrorOption(seen.cause))
    if (error?.isTransient !== true) Deferred.doneUnsafe(waiter.end, Exit.failCause(seen.cause))
    return
  }
  waiter.isFresh = false
  const end = seen.value.get(waiter.id)
  if (end === undefined || !waiter.isMeant(end)) return
  Deferred.doneUnsafe(waiter.end, Exit.succeed(end))
}

/** The pauses between looks at a job, in milliseconds. */
const [shortest, longest] = [50, 1000]
