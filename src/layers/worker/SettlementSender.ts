/**
 * Sends one batch of settlements until the store has answered; sending a batch twice changes
 * nothing. A settlement that the store refuses, or whose row is locked, does not keep the others
 * from being recorded.
 */
import { Effect } from "effect"
import { type ClaimLost, StoreError } from "../../domain/Errors.ts"
import * as Refusal from "../../domain/Refusal.ts"
import { JobRepo, type Settling } from "../../services/JobRepo.ts"
import * as Backoff from "../effects/Backoff.ts"
import type { Ended, Outbox } from "./Outbox.ts"
import * as SettlingLog from "./SettlingLog.ts"

type Batch = ReadonlyArray<Ended>

/** Answers the settlements that were too late. */
type Sending = Effect.Effect<ReadonlyArray<ClaimLost>>

export interface Sender {
  /** With `isRepeat`, some of the batch may have been recorded before. */
  readonly send: (batch: Batch, isRepeat: boolean) => Sending
  /** The refusals since the last accepted settlement. */
  readonly refused: () => number
}

interface Parts {
  readonly outbox: Outbox
  /** Defers settlements. */
  readonly defer: (batch: Batch) => void
  /** A claim may find a job that no claim could find before. */
  readonly onMadeReady: () => void
}

export const make = Effect.fnUntraced(function*(parts: Parts) {
  const { defer, outbox } = parts
  const counts: Counts = { refused: 0, setAside: 0, isRepeat: false }
  const record = makeRecord(yield* JobRepo, counts, parts)

  const send = (batch: Batch, { isApart = false, isCertain = false }: Sent = {}): Sending => {
    let answers = 0
    const next = (error: StoreError) => Refusal.nextOf(error, { isCertain, size: batch.length })
    return record(batch).pipe(
      Effect.tapError((error) => SettlingLog.failed(batch, error, next(error))),
      Effect.tapError(({ isAnswer }) => Effect.sync(() => isAnswer && answers++)),
      Effect.retry({
        schedule: backoff,
        while: ({ isTransient }) => isTransient && answers < (isApart ? 1 : answersMax)
      }),
      Effect.catch((error) =>
        error.isTransient ? sendApart(batch) : afterRefusal(batch, next(error))
      )
    )
  }

  // A settlement that the store never accepts is found by sending each one alone. Its job is left
  // to `reconcile`, which gives the job back.
  const afterRefusal = (batch: Batch, next: Refusal.Next): Sending =>
    next === "sent again"
      ? Effect.andThen(Effect.sleep("1 second"), send(batch, { isCertain: true }))
      : next === "refused"
      ? Effect.sync(() => (counts.refused++, []))
      : Effect.map(
        Effect.forEach(batch, (one) => send([one], { isCertain: true })),
        (lost) => lost.flat()
      )

  /**
   * One settlement of the batch may make the server end the statement each time: a trigger of the
   * application, or a statement that takes too long. That one is found by halving and deferred.
   */
  const sendApart = Effect.fnUntraced(function*(
    batch: Batch
  ): Effect.fn.Return<ReadonlyArray<ClaimLost>> {
    if (batch.length < 2) {
      defer(batch)
      // If the server accepts nothing, the delays grow.
      yield* Effect.sleep(Math.min(50 * 2 ** counts.setAside++, 1000))
      return []
    }
    const middle = Math.ceil(batch.length / 2)
    const lost = yield* send(batch.slice(0, middle), { isApart: true })
    const rest = outbox.inTurn(batch.slice(middle))
    return rest.length === 0 ? lost : [...lost, ...yield* send(rest, { isApart: true })]
  })

  const sender: Sender = {
    send: (batch, isSentBefore) =>
      Effect.suspend(() => {
        counts.isRepeat = isSentBefore
        return send(batch)
      }),
    refused: () => counts.refused
  }
  return sender
})

interface Counts {
  /** The refusals since the last accepted settlement. */
  refused: number
  /** The settlements that were deferred one by one since the last accepted one. */
  setAside: number
  /** Whether some of the present batch may have been recorded before. */
  isRepeat: boolean
}

const makeRecord = (
  repo: JobRepo["Service"],
  counts: Counts,
  { defer, onMadeReady, outbox }: Parts
) => {
  const accept = (batch: Batch, { hasMadeReady, lost, rowLocked }: Settling): Sending => {
    if (hasMadeReady) onMadeReady()
    if (rowLocked.length < batch.length) counts.refused = counts.setAside = 0
    if (rowLocked.length === 0) return Effect.succeed(lost)
    const ids = new Set(rowLocked)
    const locked = batch.filter(({ id }) => ids.has(id))
    const unsaid = locked.filter((one) => !outbox.wasSentBefore(one))
    defer(locked)
    return Effect.as(unsaid.length === 0 ? Effect.void : SettlingLog.rowLocked(unsaid), lost)
  }

  return (batch: Batch) =>
    Effect.suspend(() => {
      const options = { isRepeat: counts.isRepeat }
      counts.isRepeat = true
      return repo.settle(batch, options)
    }).pipe(
      Effect.catchDefect(refusal),
      Effect.flatMap((settling) => accept(batch, settling))
    )
}

/** How often the server may end a batch's statement before the batch is divided. */
const answersMax = 3

interface Sent {
  /** Whether the batch is a part of one whose statement the server ended. */
  readonly isApart?: boolean
  readonly isCertain?: boolean
}

/** A defect counts as a refusal. */
const refusal = (defect: unknown) =>
  Effect.fail(
    new StoreError({
      operation: "settle",
      isTransient: false,
      detail: defect instanceof Error ? defect.message : "a defect",
      cause: defect
    })
  )

const backoff = Backoff.schedule({ base: "50 millis", cap: "5 seconds" })
