/**
 * The endpoints of queues, their pauses and their objectives.
 */
import { Duration, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CancelInput from "../domain/CancelInput.ts"
import { JobInvalid, type StoreError } from "../domain/Errors.ts"
import { queueBytesMax } from "../domain/JobRecord.ts"
import type { ObjectiveAnswer } from "../domain/Objective.ts"
import * as Why from "../domain/Why.ts"
import { JobControl } from "../services/JobControl.ts"
import type { Objectives } from "../services/Objectives.ts"
import type { PauseControl } from "../services/PauseControl.ts"
import * as Queues from "../services/Queues.ts"
import { Api } from "./Api.ts"
import { orProblem } from "./Problems.ts"
import * as Views from "./Views.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "queues",
  Effect.fnUntraced(function*(handlers) {
    const services = yield* Effect.context<JobControl | Objectives | PauseControl>()
    const within = Effect.provideContext(services)
    return handlers
      .handle("pauses", () => within(pauses))
      .handle("why", ({ query }) => within(why(query.queue)))
      .handle("pause", ({ payload, query }) => within(change(query, payload)))
  })
)

const pauses = Effect.map(orProblem(Queues.paused), (all) => ({ items: all.map(Views.ofPause) }))

const why = Effect.fnUntraced(function*(queue: string) {
  const control = yield* JobControl
  const issue = CancelInput.wordIssue("the queue's name", queue, queueBytesMax)
  if (issue !== undefined) return yield* orProblem(Effect.fail(new JobInvalid({ issue })))
  return Views.ofWhy(Why.of(yield* orProblem(control.whyQueue(queue))))
})

const change = Effect.fnUntraced(function*(
  target: { readonly queue?: string; readonly name?: string },
  { forSeconds, objectiveSeconds, paused, until, ...terms }: {
    readonly paused?: boolean
    readonly objectiveSeconds?: number | null
    readonly reason?: string
    readonly until?: string
    readonly forSeconds?: number
    readonly cancelRunning?: boolean
  }
) {
  if ((paused === undefined) === (objectiveSeconds === undefined)) {
    const issue = "say either whether the queue is paused, or its objective"
    return yield* orProblem(Effect.fail(new JobInvalid({ issue })))
  }
  if (objectiveSeconds !== undefined) return yield* aim(target, objectiveSeconds)
  if (paused !== true) return { answer: yield* orProblem(Queues.resume(target)) }
  const answer = yield* orProblem(Queues.pause(target, {
    ...terms,
    for: forSeconds === undefined ? undefined : Duration.seconds(forSeconds),
    until: until === undefined ? undefined : new Date(until)
  }))
  return { answer }
})

/** A name has no objective: its jobs wait in the line of their queue. */
const aim = Effect.fnUntraced(function*(
  { name, queue = "" }: { readonly queue?: string; readonly name?: string },
  seconds: number | null
) {
  if (name !== undefined) {
    const issue = "an objective is of a queue, not of a name"
    return yield* orProblem(Effect.fail(new JobInvalid({ issue })))
  }
  const step: Effect.Effect<ObjectiveAnswer, JobInvalid | StoreError, Objectives> = seconds === null
    ? Queues.clearObjective(queue)
    : Queues.setObjective(queue, Duration.seconds(seconds))
  const answer = yield* orProblem(step)
  return { answer }
})
