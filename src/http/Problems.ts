/**
 * The refusals and failures of the HTTP API, as problems of RFC 9457. No problem tells a statement
 * or a connection string.
 */
import { Effect, Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type { JobQueryInvalid } from "../domain/JobQuery.ts"
import * as EventLog from "../layers/effects/EventLog.ts"

const urn = "urn:pgq:problem:"

/** The request cannot be meant. `errors` says where; `position`, at which character of a search. */
export class BadRequest extends HttpApiError.Problem<BadRequest>()("BadRequest", {
  type: `${urn}bad-request`,
  status: 400,
  title: "The request cannot be meant"
}, {
  errors: Schema.optionalKey(Schema.Array(HttpApiError.ProblemIssue)),
  position: Schema.optionalKey(Schema.Int)
}) {}

/**
 * There are no credentials, or wrong ones: the sender of a request must show first who they are.
 * `detail` tells how, for people. The `access` of `AdminApi` fails with it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Access, AdminApi, Unauthenticated } from "pgq/http"
 *
 * export const Routes = AdminApi.layer({
 *   access: ({ headers }) =>
 *     headers["x-staff"] === undefined
 *       ? Effect.fail(new Unauthenticated({ detail: "log in at /login" }))
 *       : Effect.succeed(Access.readOnly(headers["x-staff"]))
 * })
 * ```
 */
export class Unauthenticated extends HttpApiError.Problem<Unauthenticated>()("Unauthenticated", {
  type: `${urn}unauthenticated`,
  status: 401,
  title: "Credentials are needed"
}) {}

/** A right is missing, or the request may come from a page of another site. */
export class Denied extends HttpApiError.Problem<Denied>()("Denied", {
  type: `${urn}denied`,
  status: 403,
  title: "It is not allowed"
}, { right: Schema.optionalKey(Schema.String) }) {}

/** The path leads to nothing. */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: `${urn}not-found`,
  status: 404,
  title: "There is nothing here"
}) {}

/** There is no such job, and no history of one. */
export class JobNotFound extends HttpApiError.Problem<JobNotFound>()("JobNotFound", {
  type: `${urn}job-not-found`,
  status: 404,
  title: "There is no such job, and no history of one"
}, { id: Schema.String }) {}

/** A worker has the job, or another transaction locks it: nothing was changed. */
export class Held extends HttpApiError.Problem<Held>()("Held", {
  type: `${urn}held`,
  status: 409,
  title: "The job is held: nothing was changed"
}, { id: Schema.String, by: Schema.Literals(["worker", "transaction"]) }) {}

/** The job has ended: nothing was changed. */
export class Ended extends HttpApiError.Problem<Ended>()("Ended", {
  type: `${urn}ended`,
  status: 409,
  title: "The job has ended: nothing was changed"
}, { id: Schema.String, outcome: Schema.String }) {}

/** Another job has the unique key: nothing was changed. */
export class Duplicate extends HttpApiError.Problem<Duplicate>()("Duplicate", {
  type: `${urn}duplicate`,
  status: 409,
  title: "Another job has the unique key: nothing was changed"
}, { id: Schema.String }) {}

/** The job is not as the request expects it: nothing was changed. */
export class Changed extends HttpApiError.Problem<Changed>()("Changed", {
  type: `${urn}changed`,
  status: 412,
  title: "The job has changed meanwhile: nothing was changed"
}, { id: Schema.String }) {}

/** The plan of the operation is too old to be run: nothing was changed. */
export class PlanExpired extends HttpApiError.Problem<PlanExpired>()("PlanExpired", {
  type: `${urn}plan-expired`,
  status: 410,
  title: "The plan has expired: plan the operation anew"
}) {}

/** The body is too large. */
export class TooLarge extends HttpApiError.Problem<TooLarge>()("TooLarge", {
  type: `${urn}too-large`,
  status: 413,
  title: "The body of the request is too large"
}) {}

/** The request names a host that is not this server. */
export class BadHost extends HttpApiError.Problem<BadHost>()("BadHost", {
  type: `${urn}bad-host`,
  status: 421,
  title: "The request is for another host"
}) {}

/** The operation is for more jobs than one can be for. */
export class TooMany extends HttpApiError.Problem<TooMany>()("TooMany", {
  type: `${urn}too-many`,
  status: 422,
  title: "The jobs are too many for one operation"
}) {}

/** The operation is for many jobs, and the request does not repeat their number. */
export class Unconfirmed extends HttpApiError.Problem<Unconfirmed>()("Unconfirmed", {
  type: `${urn}unconfirmed`,
  status: 422,
  title: "The number of jobs must be repeated"
}) {}

/** Too many wrong credentials came from the client's address. */
export class TooManyTries extends HttpApiError.Problem<TooManyTries>()("TooManyTries", {
  type: `${urn}too-many-tries`,
  status: 429,
  title: "Too many wrong credentials"
}) {}

/** The server has a fault, or the database has refused the statement. */
export class Failed extends HttpApiError.Problem<Failed>()("Failed", {
  type: `${urn}failed`,
  status: 500,
  title: "The request failed"
}) {}

/** The store has no such thing. */
export class Unsupported extends HttpApiError.Problem<Unsupported>()("Unsupported", {
  type: `${urn}unsupported`,
  status: 501,
  title: "It needs a database"
}) {}

/** The database took too long. */
export class Slow extends HttpApiError.Problem<Slow>()("Slow", {
  type: `${urn}slow`,
  status: 503,
  title: "The database took too long"
}) {}

/** The database cannot be reached, or is busy. */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: `${urn}unavailable`,
  status: 503,
  title: "The database cannot be reached, or is busy"
}) {}

/** As many clients listen as the server lets. */
export class Busy extends HttpApiError.Problem<Busy>()("Busy", {
  type: `${urn}busy`,
  status: 503,
  title: "As many listen already as may at once"
}) {}

/** The problems that each endpoint may answer with that asks the database. */
export const ofDatabase = [BadRequest, Denied, Failed, Slow, Unavailable] as const

/** The errors of the services that the API asks. */
export type Fault = JobInvalid | JobQueryInvalid | StoreError

/** The problem of an error. */
export const of = (error: Fault): Problem => {
  switch (error._tag) {
    case "JobInvalid":
      return new BadRequest({ detail: error.message })
    case "JobQueryInvalid":
      return new BadRequest({
        detail: error.issue,
        errors: [{ path: ["query", "q"], message: error.issue }],
        position: error.position
      })
    case "StoreError":
      return ofStore(error)
  }
}

type Problem = InstanceType<(typeof ofDatabase)[number]>

const ofStore = ({ code = "", isOutcomeUnknown = false, isTransient }: StoreError) =>
  slowCodes.has(code)
    ? new Slow({ detail: "ask for less, or try again later" })
    : deniedCodes.has(code)
    ? new Denied({ detail: "the database does not allow it to this session" })
    : isTransient
    ? new Unavailable({
      detail: isOutcomeUnknown ? "the step may have been done: look before a second try" : ""
    })
    : new Failed({ detail: "the log of the server says why" })

/** A statement was cancelled after its time, or waited too long for a lock. */
const slowCodes = new Set(["57014", "55P03"])

/** The session reads only, or its role has no right. */
const deniedCodes = new Set(["25006", "42501"])

/** Fails with problems in place of errors. An error that only an operator can mend is logged. */
export const orProblem = <A, R, E extends Fault = never>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Problem, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      error._tag === "StoreError" && !error.isTransient
        ? EventLog.error("api.failed", { text: error.message, cause: error })
        : Effect.void
    ),
    Effect.mapError(of)
  )
