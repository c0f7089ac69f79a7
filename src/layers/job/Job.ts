/**
 * Kinds of jobs and their handlers, as an application declares them.
 */
import { type Cause, type Duration, type Layer, Schema } from "effect"
import type { JobInterrupted } from "../../domain/Errors.ts"
import * as Interruption from "../../domain/Interruption.ts"
import {
  defaults,
  type JobKind,
  NoPayload,
  type Reporter,
  type RetryPolicy
} from "../../domain/JobKind.ts"
import * as JobLog from "../../domain/JobLog.ts"
import { durationOf } from "../../domain/JobRecord.ts"
import type * as OnError from "../../domain/OnError.ts"
import * as Rules from "../../domain/Rules.ts"
import type { UniqueMode, Uniqueness } from "../../domain/Unique.ts"
import * as UniqueRule from "../../domain/UniqueRule.ts"
import type { CompletableJob } from "../../services/CompletableJob.ts"
import type { Handler } from "./Handler.ts"
import * as HandlerLayer from "./HandlerLayer.ts"
import type { Encoding, Requirements } from "./HandlerLayer.ts"
import type { Declared, Named, Succeeding } from "./KindTypes.ts"

export type { FinishedSelection, Rate, RetryEdit } from "../../domain/ByHand.ts"
export type { Selection } from "../../domain/Cancellation.ts"
export { FailedJob } from "../../domain/FailureReport.ts"
export type { Reporter } from "../../domain/JobKind.ts"
export { Cancel, Fail, Snooze } from "../../domain/Steering.ts"
export { await_ as await, awaitAll, awaitFirst, run } from "../../services/Await.ts"
export type { Awaitable, AwaitError, DeclaredError } from "../../services/Await.ts"
export { cancel, cancelAll } from "../../services/Cancel.ts"
export { edit } from "../../services/Edit.ts"
export type { Changes } from "../../services/Edit.ts"
export { logs } from "../../services/Logs.ts"
export { observe } from "../../services/Observe.ts"
export type { ObserveError } from "../../services/Observe.ts"
export { discard, retry, retryAll } from "../../services/Retry.ts"
export { runs } from "../../services/Runs.ts"
export { why } from "../../services/Why.ts"
export type { Handler, HandlersOf, Kind } from "./Handler.ts"
export type { Encoding, Requirements } from "./HandlerLayer.ts"
export type { JobsOption, Kinds } from "./Jobs.ts"
export type { Declared, Named, Succeeding } from "./KindTypes.ts"

/**
 * A kind of job with the schema of its payload and that of its errors. `enqueue` is typed by it,
 * and so is its handler.
 */
export interface Job<
  Name extends string,
  Payload extends Schema.Top,
  Failure extends Schema.Top = Schema.Unknown,
  Success extends Schema.Top | undefined = undefined,
  Rejects extends boolean = boolean,
  OnFailed extends Reporter | undefined = Reporter | undefined
> extends JobKind<Name, Payload, Rejects> {
  /** The kind of the jobs that report its failures; `undefined` if none do. */
  readonly onFailed: OnFailed
  /** The schema of the errors that the handler may fail with; `Schema.Unknown` for any. */
  readonly error: Failure
  /** The schema of the value of a run; `undefined` if runs have none. */
  readonly success: Success
  /**
   * A layer that makes the handler known to the worker it is provided to. The handler may return an
   * Effect, a promise or a value; the layer needs the services of its Effect. If the kind declares
   * its errors, the Effect fails with no others; if it has results, the handler comes to one. A run
   * that fails, dies, rejects or throws is tried again by the kind's policy, unless one of its
   * rules says otherwise. One kind has one handler: a worker with two for a name is refused as
   * `SettingInvalid`.
   */
  readonly toLayer: <A>(
    handler: (payload: Payload["Type"], job: CompletableJob<HandlerLayer.Value<Success>>) =>
      & A
      & Declared<A, Failure["Type"]>
      & Succeeding<A, Success>
  ) => Layer.Layer<
    Handler<Name>,
    never,
    Requirements<A> | Payload["DecodingServices"] | Encoding<Success>
  >
}

/** The options of a kind beside its name and its errors. */
export interface Options<
  Payload extends Schema.Top,
  Success extends Schema.Top | undefined = Schema.Top | undefined,
  OnFailed extends Reporter | undefined = Reporter | undefined
> extends Partial<RetryPolicy> {
  /**
   * The kind of a job that is added to the same queue when a job of this kind fails for good: by
   * its last run, because its worker died for the third time, or because it expires. It is added in
   * the transaction that records the failure, so once for each. That holds from the first start of
   * a worker with this kind on, and for all jobs of this name; the worker that started last is
   * right. The other kind has the payload `Job.FailedJob`, neither an `onFailed` of its own nor a
   * unique rule. Defaults to none.
   */
  readonly onFailed?: OnFailed | undefined
  /**
   * The schema of the value of a run, which `Job.await` answers. `Schema.Void` is for jobs whose
   * end alone matters. Without it, jobs of this kind have no results.
   */
  readonly success?: Success
  /** For how long results are kept: more than 0, and not infinite. Defaults to 1 day. */
  readonly keepResult?: Duration.Input | undefined
  /**
   * The log lines of the handler's Effect that go into the job's log, too: at most `lines` of a
   * run, from 1 to 10,000, each cut to 4 KiB, of this `level` and above. They default to 1000 lines
   * of "Info". Without it, nothing is kept.
   */
  readonly log?: Partial<JobLog.LogBounds> | undefined
  /** The schema of the payload. Without it, jobs of this kind have no payload. */
  readonly payload?: Payload | undefined
  /**
   * The rule for a run that dies, or rejects with an error that the kind does not declare. Defaults
   * to `OnError.retry()`.
   */
  readonly onDefect?: OnError.Rule | undefined
  /**
   * The longest time of a run, from the start of its handler: more than 0, and not infinite. A run
   * whose time is up is interrupted. Defaults to no limit.
   */
  readonly timeout?: Duration.Input | undefined
  /**
   * Runs each handler in a transaction of the application's `PgClient`, which also completes the
   * job: its writes, the jobs that it enqueues, its result and its end are committed together, or
   * not at all. The handler returns an Effect. `timeout` is that of the run, in the place of the
   * kind's `timeout`: more than 0, and at most a day. Keep it short, as an open transaction slows
   * the whole database down. Defaults to no transaction.
   */
  readonly transactional?: { readonly timeout: Duration.Input } | undefined
  /** The answer for a run whose time was up. Defaults to `OnError.retry()`. */
  readonly onTimeout?: OnError.OnError | undefined
  /**
   * How long after it was stored, or after the time at which it may start if that is later, a job
   * expires that has not ended: from 0 to 100 years. A job's own `expiresIn` or `expiresAt`
   * overrides it. A job that waits for its next attempt expires, too; a run goes on. Defaults to
   * never.
   */
  readonly expiresIn?: Duration.Input | undefined
  /**
   * The most snoozes of a job between two failed runs; one more fails it for good. At least 1;
   * defaults to no limit.
   */
  readonly maxSnoozes?: number | undefined
}

/** The errors of a kind with their rules: both, or neither. */
export type ErrorOptions<Failure extends Schema.Top> =
  | {
    /** The schema of the errors that the handler may fail with. Each has a `_tag` of its own. */
    readonly error: Failure
    /** A rule for the `_tag` of each error. */
    readonly onError: OnError.Rules<Failure["Type"]>
  }
  | { readonly error?: undefined; readonly onError?: undefined }

/**
 * Names a kind of job, its payload, and what becomes of a job whose run fails.
 *
 * The name is 1 to 128 bytes of UTF-8 without a NUL character. An empty literal does not compile.
 * No other name is refused here: a wrong one fails as `JobInvalid` when a job is enqueued, before
 * anything is sent, and as `SettingInvalid` when a worker is built, before anything is claimed. So
 * is any other option that cannot work: it fails as `SettingInvalid` when a worker is built.
 *
 * Without a `payload`, jobs of this kind have none: `enqueue` is called with the kind alone, and
 * the handler gets `undefined`.
 *
 * With `error`, the kind declares the errors that its handler may fail with, and `onError` has a
 * rule for each, by its `_tag`: to retry, snooze, fail, cancel or complete the job. A value is such
 * an error if its `_tag` and its fields fit the schema, whether an Effect fails with it, a promise
 * rejects with it, or a finalizer has made a defect of it. Anything else falls under `onDefect`.
 * Without `error`, every error is retried, but for `Job.Snooze`, `Job.Fail` and `Job.Cancel`.
 *
 * With one of `unique`, `debounce` and `throttle`, the kind says which of its jobs are the same,
 * and what becomes of one that is enqueued while another one is unfinished. A mistake in these
 * fails as `JobInvalid` when a job is enqueued.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job, OnError } from "pgq"
 *
 * class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { name: Schema.String }) {}
 *
 * const Greet = Job.make("greet", {
 *   payload: Schema.Struct({ name: Schema.String }),
 *   error: NotFound,
 *   onError: { NotFound: ({ name }) => name === "" ? OnError.fail : OnError.snooze("1 hour") },
 *   timeout: "30 seconds",
 *   maxAttempts: 10,
 *   backoffCap: "10 minutes"
 * })
 * const Tick = Job.make("tick")
 *
 * export const GreetLive = Greet.toLayer(({ name }, job) =>
 *   name === "Ada" ? Effect.logInfo(`hello ${name}, try ${job.attempt}`) : new NotFound({ name })
 * )
 * export const TickLive = Tick.toLayer(async (_, { signal }) => {
 *   await fetch("http://localhost/tick", { signal })
 * })
 *
 * export const program = Effect.andThen(enqueue(Greet, { name: "Ada" }), enqueue(Tick))
 * ```
 */
export function make<
  const Name extends string,
  Payload extends Schema.Top = NoPayload,
  Failure extends Schema.Top = Schema.Unknown,
  Success extends Schema.Top | undefined = undefined,
  Mode extends UniqueMode = "keep",
  OnFailed extends Reporter | undefined = undefined
>(
  name: Named<Name>,
  options?:
    & Options<Payload, Success, OnFailed>
    & ErrorOptions<Failure>
    & Uniqueness<Payload["Type"], Payload["Encoded"], Mode>
): Job<Name, Payload, Failure, Success, Mode extends "reject" ? true : false, OnFailed>
export function make(
  name: string,
  options: Options<Schema.Top, Schema.Top | undefined> & Rules.Options & UniqueRule.Options = {}
): Job<string, Schema.Top, Schema.Top, Schema.Top | undefined> {
  const {
    debounce,
    error,
    expiresIn,
    keepResult = "1 day",
    log,
    onDefect,
    onError,
    onFailed,
    onTimeout,
    payload = NoPayload,
    success,
    throttle,
    timeout,
    transactional,
    unique,
    ...policy
  } = options
  const rule = UniqueRule.make({ debounce, throttle, unique })
  const kind = {
    name,
    payload,
    expiresIn: expiresIn === undefined ? undefined : durationOf(expiresIn),
    policy: {
      ...defaults,
      ...policy,
      timeout: timeout === undefined ? undefined : durationOf(timeout),
      transactional: transactional === undefined
        ? undefined
        : durationOf(transactional.timeout),
      keepResult: success === undefined ? undefined : durationOf(keepResult),
      log: log === undefined ? undefined : { ...JobLog.defaults, ...log },
      onFailed: onFailed && { name: onFailed.name, expiresIn: onFailed.expiresIn },
      rules: Rules.make({ error, onError, onDefect, onTimeout })
    },
    unique: rule,
    rejects: rule?.wish.mode === "reject"
  }
  return {
    ...kind,
    error: error ?? Schema.Unknown,
    success,
    onFailed,
    toLayer: (handler) => HandlerLayer.of({ ...kind, success }, handler)
  }
}

/**
 * The reason for which pgq has interrupted a run, from the cause of the interruption; `undefined`
 * if pgq did not. With it, a finalizer of the handler can tell a cancelled job from a worker that
 * stops. A fiber that the handler itself has forked is interrupted without a reason.
 *
 * @example
 * ```ts
 * import { Effect, Exit } from "effect"
 * import { Job } from "pgq"
 *
 * const Render = Job.make("render", { timeout: "30 seconds" })
 *
 * export const RenderLive = Render.toLayer(() =>
 *   Effect.onExit(Effect.sleep("1 minute"), (exit) =>
 *     Exit.isFailure(exit) && Job.interruption(exit.cause)?.why === "timedOut"
 *       ? Effect.logWarning("too slow")
 *       : Effect.void)
 * )
 * ```
 */
export const interruption = (cause: Cause.Cause<unknown>): JobInterrupted | undefined =>
  Interruption.of(cause)
