/**
 * The metrics of a producer. They are pushed, once for each call that adds jobs.
 */
import { Clock, Effect, Layer, Metric } from "effect"
import { bounds } from "../domain/Figures.ts"
import { metrics } from "../domain/MetricNames.ts"
import { JobRepo } from "../services/JobRepo.ts"
import * as Series from "./Series.ts"

export const layer: Layer.Layer<JobRepo, never, JobRepo> = Layer.effect(
  JobRepo,
  Effect.suspend(() => Effect.map(JobRepo, counting))
)

const counting = (repo: JobRepo["Service"]): JobRepo["Service"] => ({
  ...repo,
  enqueue: (jobs) => Effect.tap(timed(repo.enqueue(jobs)), () => count(jobs)),
  offer: (jobs, options) =>
    Effect.tap(
      timed(repo.offer(jobs, options)),
      (answers) => count(jobs.filter((_, place) => answers[place]?.outcome === "added"))
    )
})

const count = (jobs: ReadonlyArray<{ readonly queue: string }>): Effect.Effect<void> => {
  const counts = new Map<string, number>()
  for (const { queue } of jobs) counts.set(queue, (counts.get(queue) ?? 0) + 1)
  return Effect.forEach(counts, ([queue, number]) => Metric.update(sent(queue), number), {
    discard: true
  })
}

const sent = (queue: string) =>
  Metric.counter("messaging.client.sent.messages", {
    description: metrics["messaging.client.sent.messages"].meaning,
    incremental: true,
    attributes: Series.allOf("messaging.client.sent.messages", {
      ...Series.inQueue(queue),
      ...Series.by("send")
    })
  })

const timed = <A, E, R>(sending: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Clock.monotonicTimeNanos,
    (since) =>
      Effect.tap(sending, () =>
        Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
          Metric.update(sendDuration, Number(now - since) / 1e9)))
  )

const sendDuration = Metric.histogram("messaging.client.operation.duration", {
  description: metrics["messaging.client.operation.duration"].meaning,
  boundaries: bounds,
  attributes: Series.allOf("messaging.client.operation.duration", Series.by("send"))
})
