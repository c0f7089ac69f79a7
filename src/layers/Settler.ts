/**
 * Sends settlements in batches, one in flight, and again until the store has answered: sending one
 * twice changes nothing. One that the store refuses does not hold up the rest.
 */
import { Effect, Latch, Schedule, type Scope } from "effect"
import type { ClaimLost } from "../domain/Errors.ts"
import { JobRepo, type Settled } from "../services/JobRepo.ts"

export interface Settler {
  /** Returns at once; the settlement is under way. */
  readonly add: (settled: Settled) => void
  /** How many settlements are under way. */
  readonly size: () => number
  /** The leases that settlements are under way for. */
  readonly leases: () => ReadonlyArray<string>
  /** Waits until nothing is under way. */
  readonly drained: Effect.Effect<void>
}

/** `onAnswer` is told after each batch which of its settlements came too late. */
export const make = Effect.fnUntraced(function*(
  onAnswer: (lost: ReadonlyArray<ClaimLost>) => void
): Effect.fn.Return<Settler, never, JobRepo | Scope.Scope> {
  const repo = yield* JobRepo
  const hasWork = yield* Latch.make()
  const isDrained = yield* Latch.make(true)
  let waiting: Array<Settled> = []
  let sending: ReadonlyArray<Settled> = []
  /** How many were refused since the last one that was accepted. */
  let refused = 0
  /** How many batches were refused altogether, one after the other. */
  let holdUps = 0

  // One that the store will never accept is found by sending each alone, and then left to `reconcile`,
  // which hands its job back: it must not hold up the others.
  const send = (batch: ReadonlyArray<Settled>): Effect.Effect<ReadonlyArray<ClaimLost>> =>
    repo.settle(batch).pipe(
      Effect.tap(() => Effect.sync(() => refused = 0)),
      Effect.tapError((error) => Effect.logWarning(`could not settle: ${error.message}`)),
      Effect.retry({ schedule: backoff, while: ({ isTransient }) => isTransient }),
      Effect.catch(() =>
        batch.length === 1
          ? Effect.sync(() => (refused++, []))
          : Effect.map(Effect.forEach(batch, (one) => send([one])), (lost) => lost.flat())
      )
    )

  const flush = Effect.gen(function*() {
    yield* hasWork.await
    sending = waiting.slice(0, batchMax)
    waiting = waiting.slice(batchMax)
    const size = sending.length
    const lost = yield* send(sending)
    sending = []
    holdUps = refused < size ? 0 : holdUps + 1
    // What was refused runs again: not at full speed.
    if (holdUps > 0) yield* Effect.sleep(Math.min(500 * 2 ** holdUps, holdUpMax))
    onAnswer(lost)
    if (waiting.length === 0) {
      hasWork.closeUnsafe()
      isDrained.openUnsafe()
    }
  })

  yield* flush.pipe(
    Effect.forever,
    Effect.tapCause((cause) => Effect.logError("settling has stopped", cause)),
    Effect.forkScoped
  )

  return {
    add: (settled) => {
      waiting.push(settled)
      isDrained.closeUnsafe()
      hasWork.openUnsafe()
    },
    size: () => waiting.length + sending.length,
    leases: () => [...waiting, ...sending].map(({ lease }) => lease),
    drained: isDrained.await
  }
})

const batchMax = 2000

/** Milliseconds. */
const holdUpMax = 60_000

const backoff = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("5 seconds")])
  .pipe(
    Schedule.jittered
  )
