/**
 * Looks at a schema for its metrics.
 */
import { Cause, Clock, Effect, type Scope } from "effect"
import * as ErrorClass from "../domain/ErrorClass.ts"
import type { StoreError } from "../domain/Errors.ts"
import type { Overview } from "../domain/Overview.ts"
import * as EventLog from "../layers/effects/EventLog.ts"
import { Insight } from "../services/Insight.ts"
import { QueueSeries } from "./QueueSeries.ts"

/** A count goes no further. */
const countsUpTo = 10_000

/**
 * Answers an effect that looks, and leaves the series in the registry in force. A look that fails
 * fails nothing: its series are gone until the next look. They are all gone when the scope closes.
 */
export const make: Effect.Effect<Effect.Effect<void>, never, Scope.Scope | Insight> = Effect
  .suspend(() =>
    Effect.map(
      Effect.all([
        Insight,
        Effect.flatMap(Effect.context(), (context) =>
          Effect.acquireRelease(
            Effect.sync(() => new QueueSeries(context)),
            (series) => Effect.sync(() => series.remove())
          ))
      ]),
      ([insight, series]) => lookOf(insight, series)
    )
  )

const lookOf = (insight: Insight["Service"], series: QueueSeries): Effect.Effect<void> => {
  let hasFailed = false
  const show = (overview: Overview, seconds: number) =>
    Effect.sync(() => {
      series.looked(overview, seconds)
      hasFailed = false
    })
  const fail = (cause: Cause.Cause<StoreError>, seconds: number) =>
    Effect.suspend(() => {
      series.failed(classOf(cause), seconds)
      const isNew = !hasFailed
      hasFailed = true
      return isNew ? say(cause) : Effect.void
    })
  return Effect.flatMap(
    Clock.monotonicTimeNanos,
    (since) =>
      Effect.matchCauseEffect(insight.overview({ countsUpTo }), {
        onFailure: (cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.interrupt
            : Effect.flatMap(spent(since), (seconds) => fail(cause, seconds)),
        onSuccess: (overview) => Effect.flatMap(spent(since), (seconds) => show(overview, seconds))
      })
  )
}

const say = (cause: Cause.Cause<StoreError>) =>
  EventLog.warning("metrics.unread", {
    text: "no metrics of queues: the look at the database failed",
    cause
  })

const spent = (since: bigint): Effect.Effect<number> =>
  Effect.map(Clock.monotonicTimeNanos, (now) => Number(now - since) / 1e9)

const classOf = (cause: Cause.Cause<StoreError>): string => {
  const error = cause.reasons.find(Cause.isFailReason)?.error
  return error === undefined ? "defect" : ErrorClass.of(error)
}
