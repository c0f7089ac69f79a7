/**
 * A span for each run, from the call of the handler to the decision how the run ended. The handler
 * runs inside.
 *
 * A worker asks once whether a tracer is installed: without one, no part of this exists.
 */
import { Cause, Clock, Effect, Exit, Option, Predicate, References, Tracer } from "effect"
import * as Headers from "effect/http/Headers"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import { endOf } from "../../domain/Figures.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import * as TraceStyle from "../../domain/TraceStyle.ts"
import type { LaneRun } from "./LaneRun.ts"
import type { RunRecorder } from "./RunRecorder.ts"

export interface Options {
  readonly style: TraceStyle.TraceStyle
  /** Whether spans have the keys of their jobs, which may be personal data. */
  readonly haveKeys: boolean
  /** The attributes that all spans of the worker have. */
  readonly attributes: Readonly<Record<string, unknown>>
}

export type RunSpans = ReturnType<typeof spans>

/** `undefined` if nobody would see a span. */
export const make = (options: Options, { isTraced }: { readonly isTraced?: boolean | undefined }) =>
  Effect.gen(function*() {
    const isWanted = isTraced ?? (yield* References.TracerEnabled)
    const isSeen = isWanted && (yield* Tracer.Tracer) !== Tracer.nativeTracer
    const clock = yield* Clock.Clock
    return isSeen ? spans(options, () => clock.currentTimeNanosUnsafe()) : undefined
  })

interface Open {
  readonly span: Tracer.Span
  exit: Exit.Exit<unknown, unknown>
  /** The class of the failure, if the exit is one. */
  error: string
}

const spans = (options: Options, now: () => bigint) => {
  const open = new Map<ClaimedJob, Open>()

  const close = (job: ClaimedJob | undefined, outcome: string, error?: string): void => {
    const run = job && open.get(job)
    if (job === undefined || run === undefined) return
    open.delete(job)
    tell(run, outcome, error)
    run.span.end(now(), exitOf(run, error))
  }

  return {
    /** Runs the handler in a span. Below a span that is not sampled there is none. */
    around: (
      run: LaneRun,
      job: ClaimedJob,
      running: Effect.Effect<unknown, unknown>
    ): Effect.Effect<unknown, unknown> => {
      const sender = senderOf(job)
      if (sender?.sampled === false) return Effect.withParentSpan(running, sender)
      const begun = Effect.makeSpan(`process ${job.name}`, asked(options, run, job, sender))
      return Effect.flatMap(begun, (span) => {
        open.set(job, { span, exit: Exit.void, error: "" })
        return Effect.withParentSpan(running, span, { captureStackTrace: false })
      })
    },

    /** Ends the span of each run that this recorder is told of. */
    recording: (recorder: RunRecorder): RunRecorder => ({
      ...recorder,
      of: (run, ended) => {
        const own = open.get(ended.job)
        if (own !== undefined) {
          own.exit = ended.exit
          own.error = errorOf(run, ended.exit)
        }
        return recorder.of(run, ended)
      },
      record: (run, settlement) => {
        close(run.next, endOf(settlement), failureOf(settlement))
        recorder.record(run, settlement)
      },
      end: (run, settlement) => {
        const span = run.next && open.get(run.next)?.span
        close(run.next, endOf(settlement), failureOf(settlement))
        return within(span, recorder.end(run, settlement))
      },
      completed: (run, exit) => {
        const span = run.next && open.get(run.next)?.span
        close(run.next, "completed")
        return within(span, recorder.completed(run, exit))
      },
      lost: (job) => {
        close(job, "lost")
        recorder.lost(job)
      }
    })
  }
}

/** The span that added the job. A text that is of no span is none. */
const senderOf = ({ traceparent }: ClaimedJob): Tracer.ExternalSpan | undefined =>
  traceparent === undefined
    ? undefined
    : Option.getOrUndefined(HttpTraceContext.w3c(Headers.fromRecordUnsafe({ traceparent })))

const asked = (
  { attributes, haveKeys, style }: Options,
  run: LaneRun,
  job: ClaimedJob,
  sender: Tracer.ExternalSpan | undefined
): Tracer.SpanOptions => {
  const waited = (job.waited ?? 0) + run.startedAt - run.claimedAt
  return {
    kind: "consumer",
    ...(sender === undefined
      ? { root: true }
      : TraceStyle.isChild(style, job, waited)
      ? { parent: sender }
      : { root: true, links: [{ span: sender, attributes: {} }] }),
    attributes: {
      ...attributes,
      "messaging.system": "pgq",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": job.queue,
      "messaging.message.id": String(job.id),
      "pgq.job.name": job.name,
      "pgq.job.attempt": job.attempt,
      "pgq.job.priority": job.priority,
      "pgq.job.wait_ms": Math.round(waited),
      "pgq.lease.id": job.lease,
      ...(haveKeys && job.key !== undefined ? { "pgq.job.key": job.key } : {})
    }
  }
}

const tell = ({ error, span }: Open, outcome: string, failure: string | undefined): void => {
  span.attribute("pgq.outcome", outcome)
  if (failure !== undefined) span.attribute("error.type", error === "" ? "_OTHER" : error)
}

/** A run that is to be tried again, or that has failed for good, is an error; no other one is. */
const exitOf = ({ exit }: Open, failure: string | undefined): Exit.Exit<unknown, unknown> =>
  failure === undefined
    ? Exit.void
    : Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
    ? exit
    : Exit.fail(failure)

const failureOf = (settlement: Settlement): string | undefined =>
  settlement._tag === "Failed" || settlement._tag === "Retried" ? settlement.error : undefined

const errorOf = (run: LaneRun, exit: Exit.Exit<unknown, unknown>): string => {
  if (run.interruption !== undefined) return run.interruption
  if (Exit.isSuccess(exit)) return ""
  const error = Cause.squash(exit.cause)
  return Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag)
    ? error._tag
    : error instanceof Error
    ? error.name
    : ""
}

/** Log lines about the run belong to its span. */
const within = (span: Tracer.Span | undefined, said: Effect.Effect<void>): Effect.Effect<void> =>
  span === undefined ? said : Effect.withParentSpan(said, span, { captureStackTrace: false })
