/**
 * Has the store record how the runs of one worker ended: in batches, one in flight.
 */
import { Effect, Latch, type Scope } from "effect"
import type { ClaimLost } from "../../domain/Errors.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LoggedJob } from "./LogFields.ts"
import { type Ended, Outbox } from "./Outbox.ts"
import * as SettlementSender from "./SettlementSender.ts"

export interface Settler {
  /** Returns at once; the settlement is under way. */
  readonly add: (ended: Ended) => void
  /** How many settlements are under way. */
  readonly size: () => number
  /** The jobs whose settlements are under way. */
  readonly jobs: () => ReadonlyArray<LoggedJob>
  /** The leases that settlements are under way for. */
  readonly leases: () => ReadonlyArray<string>
  /** Waits until nothing is under way. */
  readonly drained: Effect.Effect<void>
}

/** `onAnswer` is told after each batch which of its settlements came too late. */
export const make = Effect.fnUntraced(function*(
  onAnswer: (lost: ReadonlyArray<ClaimLost>) => void
): Effect.fn.Return<Settler, never, JobRepo | Scope.Scope> {
  const outbox = new Outbox()
  const hasWork = yield* Latch.make()
  const isDrained = yield* Latch.make(true)
  const hasDeferred = yield* Latch.make()
  const sender = yield* SettlementSender.make({
    outbox,
    defer: (batch) => {
      outbox.defer(batch)
      hasDeferred.openUnsafe()
    }
  })
  /** How many batches were refused altogether, one after the other. */
  let holdUps = 0

  const flush = Effect.gen(function*() {
    yield* hasWork.await
    const batch = outbox.next()
    const size = batch.length
    const isRepeat = batch.some((one) => outbox.wasSentBefore(one))
    const lost = size === 0 ? [] : yield* sender.send(batch, isRepeat)
    outbox.sent()
    holdUps = size === 0 || sender.refused() < size ? 0 : holdUps + 1
    // Refused jobs run again: not at full speed.
    if (holdUps > 0) yield* Effect.sleep(Math.min(500 * 2 ** holdUps, holdUpMax))
    onAnswer(lost)
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
    size: () => outbox.size,
    jobs: () => outbox.all(),
    leases: () => outbox.all().map(({ lease }) => lease),
    drained: isDrained.await
  }
})

/** Milliseconds. */
const holdUpMax = 60_000
