/**
 * Records the settlements of a worker in the store: in batches, one in flight at a time.
 */
import { Effect, Latch, type Scope } from "effect"
import type { ClaimLost } from "../../domain/Errors.ts"
import { mayMakeReady } from "../../domain/Settlement.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LoggedJob } from "./LogFields.ts"
import { type Ended, Outbox } from "./Outbox.ts"
import * as SettlementSender from "./SettlementSender.ts"

export interface Settler {
  /** Returns at once; the settlement is recorded later. */
  readonly add: (ended: Ended) => void
  /** The store has recorded this end already: a transaction has completed the job. */
  readonly addRecorded: (ended: Ended) => void
  /** The number of settlements that are not recorded yet. */
  readonly size: () => number
  /** The jobs of settlements that are not recorded yet. */
  readonly jobs: () => ReadonlyArray<LoggedJob>
  /** The leases of settlements that are not recorded yet. */
  readonly leases: () => ReadonlyArray<string>
  /** Waits until every settlement is recorded. */
  readonly drained: Effect.Effect<void>
}

export interface Events {
  /** A batch was sent. `lost` are its settlements that were too late. */
  readonly onAnswer: (batch: ReadonlyArray<Ended>, lost: ReadonlyArray<ClaimLost>) => void
  /** A claim may find a job that no claim could find before. */
  readonly onMadeReady: () => void
}

export const make = Effect.fnUntraced(function*(
  { onAnswer, onMadeReady }: Events
): Effect.fn.Return<Settler, never, JobRepo | Scope.Scope> {
  const outbox = new Outbox()
  const hasWork = yield* Latch.make()
  const isDrained = yield* Latch.make(true)
  const hasDeferred = yield* Latch.make()
  const sender = yield* SettlementSender.make({
    outbox,
    onMadeReady,
    defer: (batch) => {
      outbox.defer(batch)
      hasDeferred.openUnsafe()
    }
  })
  /** The number of batches in a row of which nothing was accepted. */
  let holdUps = 0

  const flush = Effect.gen(function*() {
    yield* hasWork.await
    // Jobs that end at the same time go into one batch.
    yield* Effect.yieldNow
    const batch = outbox.next()
    const size = batch.length
    const isRepeat = batch.some((one) => outbox.wasSentBefore(one))
    const lost = size === 0 ? [] : yield* sender.send(batch, isRepeat)
    outbox.sent()
    holdUps = size === 0 || sender.refused() < size ? 0 : holdUps + 1
    // The jobs of refused settlements run again, so the delays grow.
    if (holdUps > 0) yield* Effect.sleep(Math.min(500 * 2 ** holdUps, holdUpMax))
    onAnswer(batch, lost)
    if (outbox.isReady) return
    hasWork.closeUnsafe()
    if (outbox.size === 0) isDrained.openUnsafe()
  })

  const retryDeferred = Effect.gen(function*() {
    yield* hasDeferred.await
    yield* Effect.sleep("1 second")
    outbox.retryDeferred()
    hasDeferred.closeUnsafe()
    hasWork.openUnsafe()
  })

  yield* Effect.forEach(
    [flush, retryDeferred],
    (step) => step.pipe(restartOnDefect("settling"), Effect.forever, Effect.forkScoped)
  )

  return {
    add: (ended) => {
      outbox.add(ended)
      isDrained.closeUnsafe()
      hasWork.openUnsafe()
    },
    addRecorded: (ended) => {
      if (mayMakeReady(ended)) onMadeReady()
      onAnswer([ended], [])
    },
    size: () => outbox.size,
    jobs: () => outbox.all(),
    leases: () => outbox.all().map(({ lease }) => lease),
    drained: isDrained.await
  }
})

/** Milliseconds. */
const holdUpMax = 60_000
