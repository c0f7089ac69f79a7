/**
 * Sends jobs to the store in a span whose context goes along with them. Without a tracer there is
 * no span, and the jobs are sent as they are.
 */
import { Effect, type Fiber, References, Tracer } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import * as Traceparent from "../domain/Traceparent.ts"
import type { Offered, OfferedJob, OfferOutcome } from "../domain/Unique.ts"
import type { JobRepo } from "./JobRepo.ts"

/** As the store's `enqueue`. */
export const enqueue = (
  repo: JobRepo["Service"],
  jobs: ReadonlyArray<OfferedJob>
): Effect.Effect<ReadonlyArray<bigint>, StoreError> =>
  traced(repo, jobs, { send: (jobs) => repo.enqueue(jobs), idOf: (id) => id })

/** As the store's `offer`. */
export const offer = (
  repo: JobRepo["Service"],
  jobs: ReadonlyArray<OfferedJob>,
  options?: { readonly isWhole?: boolean }
): Effect.Effect<ReadonlyArray<Offered<OfferOutcome | "rejected">>, StoreError> =>
  traced(repo, jobs, { send: (jobs) => repo.offer(jobs, options), idOf: ({ id }) => id })

interface Step<A> {
  readonly send: (
    jobs: ReadonlyArray<OfferedJob>
  ) => Effect.Effect<ReadonlyArray<A>, StoreError>
  readonly idOf: (answer: A) => bigint
}

const traced = <A>(
  repo: JobRepo["Service"],
  jobs: ReadonlyArray<OfferedJob>,
  { idOf, send }: Step<A>
): Effect.Effect<ReadonlyArray<A>, StoreError> =>
  Effect.withFiber((fiber) => {
    const [first, ...others] = jobs
    if (first === undefined || !isTraced(fiber)) return send(jobs)
    const isOneQueue = others.every(({ queue }) => queue === first.queue)
    return Effect.useSpan(
      isOneQueue ? `send ${first.queue}` : "send",
      { kind: "producer", attributes: attributesOf(repo, jobs, isOneQueue) },
      (span) =>
        send(jobs.map(inTraceOf(span))).pipe(
          Effect.tap(([answer]) =>
            Effect.sync(() => {
              if (answer === undefined || others.length > 0) return
              span.attribute("messaging.message.id", String(idOf(answer)))
            })
          ),
          Effect.tapError((error) =>
            Effect.sync(() => span.attribute("error.type", typeOf(error)))
          ),
          Effect.withParentSpan(span, { captureStackTrace: false })
        )
    )
  })

/** Whether a span would be seen. */
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer &&
  fiber.getRef(References.TracerEnabled) && fiber.cache.span?.sampled !== false

const inTraceOf = (span: Tracer.Span) => {
  const traceparent = span.sampled ? Traceparent.of(span) : undefined
  return (job: OfferedJob): OfferedJob => traceparent === undefined ? job : { ...job, traceparent }
}

const attributesOf = (
  { spanAttributes }: JobRepo["Service"],
  jobs: ReadonlyArray<OfferedJob>,
  isOneQueue: boolean
): Record<string, unknown> => ({
  ...spanAttributes,
  "messaging.system": "pgq",
  "messaging.operation.name": "send",
  "messaging.operation.type": "send",
  ...(isOneQueue ? { "messaging.destination.name": jobs[0]?.queue } : {}),
  ...(jobs.length > 1 ? { "messaging.batch.message_count": jobs.length } : {}),
  "pgq.job.name": jobs[0]?.name
})

const typeOf = ({ _tag, code }: StoreError): string => code ?? _tag
