/**
 * The endpoints of single jobs.
 */
import { Effect } from "effect"
import { HttpEffect, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { createHash } from "node:crypto"
import type { FoundJob } from "../domain/ByHand.ts"
import * as ByHandInput from "../domain/ByHandInput.ts"
import * as JobList from "../domain/JobList.ts"
import * as Cancel from "../services/Cancel.ts"
import { Insight } from "../services/Insight.ts"
import { JobControl } from "../services/JobControl.ts"
import { JobRepo } from "../services/JobRepo.ts"
import * as Logs from "../services/Logs.ts"
import * as Retry from "../services/Retry.ts"
import * as Runs from "../services/Runs.ts"
import * as Why from "../services/Why.ts"
import * as Answers from "./Answers.ts"
import { Api } from "./Api.ts"
import { Actor } from "./Gate.ts"
import * as JobInput from "./JobInput.ts"
import type { Changes, NewJob } from "./JobsApi.ts"
import { Changed, Ended, type Fault, JobNotFound, orProblem } from "./Problems.ts"
import * as Searches from "./Searches.ts"
import * as Shown from "./Shown.ts"
import * as Views from "./Views.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "jobs",
  Effect.fnUntraced(function*(handlers) {
    const services = yield* Effect.context<Insight | JobControl | JobRepo>()
    const within = Effect.provideContext(services)
    return handlers
      .handle("add", ({ payload, request }) => within(add(payload.jobs, request)))
      .handle("list", ({ query }) => within(list(query)))
      .handle("find", ({ params }) => within(find(params.id)))
      .handle("why", ({ params }) => within(Effect.map(whyOf(params.id), Views.ofWhy)))
      .handle(
        "runs",
        ({ params, query }) => within(items(Runs.runs(BigInt(params.id), query), Views.ofRun))
      )
      .handle(
        "logs",
        ({ params, query }) => within(items(Logs.logs(BigInt(params.id), query), Views.ofLog))
      )
      .handle(
        "payload",
        ({ params }) => within(Effect.flatMap(stored(params.id), shown(params.id)))
      )
      .handle(
        "edit",
        ({ headers, params, payload, request }) =>
          within(edit(params.id, payload, { request, version: headers["if-match"] }))
      )
      .handle(
        "retry",
        ({ params: { id } }) => within(one(Retry.retry([BigInt(id)]), Answers.ofRetry(id)))
      )
      .handle(
        "cancel",
        ({ params: { id }, payload }) =>
          within(one(Cancel.each([BigInt(id)], payload), Answers.ofCancel(id)))
      )
      .handle(
        "discard",
        ({ params: { id } }) => within(one(Retry.discard([BigInt(id)]), Answers.ofDiscard(id)))
      )
  })
)

/** The jobs of one body, all or none. The ids may be those of jobs that stand for them. */
const add = Effect.fnUntraced(function*(
  given: ReadonlyArray<typeof NewJob.Type>,
  request: HttpServerRequest.HttpServerRequest
) {
  const repo = yield* JobRepo
  const text = yield* Effect.orDie(request.text)
  const jobs = yield* orProblem(JobInput.jobs(given, text))
  const ids = jobs.every(({ unique }) => unique === undefined)
    ? repo.enqueue(jobs)
    : Effect.map(repo.offer(jobs, { isWhole: true }), (answers) => answers.map(({ id }) => id))
  return { ids: (yield* orProblem(ids)).map(String) }
})

const list = Effect.fnUntraced(function*({ after, limit, q }: {
  readonly q?: string
  readonly after?: string
  readonly limit?: number
}) {
  const insight = yield* Insight
  const asked = yield* orProblem(Effect.fromResult(JobList.asked({ query: q, limit })))
  yield* Searches.allow(asked.query)
  return yield* orProblem(insight.jobs({ ...asked, after }))
})

const find = Effect.fnUntraced(function*(id: string) {
  const control = yield* JobControl
  const { rights } = yield* Actor
  const why = yield* whyOf(id)
  const [outcome, job, { lane }, runs] = yield* orProblem(Effect.all([
    control.outcomeOf(BigInt(id)),
    control.find(BigInt(id)),
    seen(BigInt(id)),
    Runs.runs(BigInt(id))
  ]))
  if (outcome === "unknown") return yield* new JobNotFound({ id })
  if (job !== undefined) yield* sayVersion(job.payload)
  return {
    id,
    name: job?.name ?? null,
    queue: lane?.queue ?? null,
    key: lane?.key ?? null,
    state: outcome !== "unfinished"
      ? outcome
      : why.verdict === "running"
      ? "running" as const
      : "waiting" as const,
    payload: job !== undefined && rights.has("payloads") ? yield* shown(id)(job) : null,
    version: job === undefined ? null : versionOf(job.payload),
    why: Views.ofWhy(why),
    runs: runs.map(Views.ofRun)
  }
})

/** A request is in no transaction, so it does not fail for that. */
const seen = (id: bigint) =>
  JobControl.use((control) => control.seen(id)).pipe(
    Effect.catchTag("AwaitInTransaction", (error) => Effect.die(error))
  )

const shown = (id: string) => (job: FoundJob) =>
  Shown.Shown.useSync((show) => show({ id: BigInt(id), ...job }))

const whyOf = Effect.fnUntraced(function*(id: string) {
  const why = yield* orProblem(Why.why(BigInt(id)))
  return why.verdict === "unknown" ? yield* new JobNotFound({ id }) : why
})

/** The job that has not ended. */
const stored = Effect.fnUntraced(function*(id: string) {
  const control = yield* JobControl
  yield* orProblem(Effect.fromResult(ByHandInput.ofJobs([BigInt(id)])))
  const job = yield* orProblem(control.find(BigInt(id)))
  if (job !== undefined) return job
  const outcome = yield* orProblem(control.outcomeOf(BigInt(id)))
  return yield* outcome === "unknown" || outcome === "unfinished"
    ? new JobNotFound({ id })
    : new Ended({ id, outcome })
})

/** With a version, the job is changed only if its payload is still the one that it stands for. */
const edit = Effect.fnUntraced(function*(
  id: string,
  given: typeof Changes.Type,
  { request, version }: {
    readonly request: HttpServerRequest.HttpServerRequest
    readonly version: string | undefined
  }
) {
  const control = yield* JobControl
  const text = yield* Effect.orDie(request.text)
  const change = yield* orProblem(JobInput.change(BigInt(id), given, text))
  yield* JobInput.refuseMask(change.payload)
  const expected = version === undefined ? undefined : (yield* stored(id)).payload
  if (expected !== undefined && version !== `"${versionOf(expected)}"`) {
    return yield* new Changed({ id })
  }
  const answer = yield* orProblem(control.edit(BigInt(id), { ...change, expected }))
  return yield* Answers.ofEdit(id)(answer)
})

/** The one answer for one job. */
const one = Effect.fnUntraced(function*<Answer, E extends Fault, R, A, E2>(
  answers: Effect.Effect<ReadonlyArray<Answer>, E, R>,
  of: (answer: Answer) => Effect.Effect<A, E2>
) {
  const [answer] = yield* orProblem(answers)
  return yield* answer === undefined ? Effect.die("a job without an answer") : of(answer)
})

const items = <A, B, E extends Fault, R>(
  found: Effect.Effect<ReadonlyArray<A>, E, R>,
  of: (item: A) => B
) => Effect.map(orProblem(found), (all) => ({ items: all.map(of) }))

const versionOf = (payload: string): string =>
  createHash("sha256").update(payload).digest("base64url").slice(0, 22)

const sayVersion = (payload: string) =>
  HttpEffect.appendPreResponseHandler((_, response) =>
    Effect.succeed(HttpServerResponse.setHeader(response, "etag", `"${versionOf(payload)}"`))
  )
