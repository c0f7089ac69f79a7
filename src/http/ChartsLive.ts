/**
 * The endpoint of figures over time. A series stands for some seconds: browsers that show the same
 * chart cost no more than one.
 */
import { Cache, Duration, Effect, Exit, Result } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CancelInput from "../domain/CancelInput.ts"
import { JobInvalid } from "../domain/Errors.ts"
import { nameBytesMax, queueBytesMax } from "../domain/JobRecord.ts"
import * as Figures from "../domain/Series.ts"
import { Series } from "../services/Series.ts"
import { Api } from "./Api.ts"
import { orProblem } from "./Problems.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "charts",
  Effect.fnUntraced(function*(handlers) {
    const { series } = yield* Series
    const found = yield* Cache.makeWith(
      ({ from, to, ...wish }: Figures.Asked) =>
        series({ ...wish, from: new Date(from), to: new Date(to) }),
      { capacity: 100, timeToLive: (exit) => Exit.isSuccess(exit) ? lasting : Duration.zero }
    )
    return handlers.handle("series", ({ query: { from, step, to, ...wish } }) =>
      Effect.fromResult(
        asked({ ...wish, from: new Date(from), to: new Date(to), step: Duration.seconds(step) })
      ).pipe(Effect.flatMap((wish) => Cache.get(found, wish)), orProblem))
  })
)

const lasting = Duration.seconds(5)

/** Two wishes for the same steps are equal. */
const asked = (filter: Figures.SeriesFilter): Result.Result<Figures.Asked, JobInvalid> => {
  const { name, queue } = filter
  const issue = (queue === undefined
    ? undefined
    : CancelInput.wordIssue("the queue's name", queue, queueBytesMax)) ??
    (name === undefined ? undefined : CancelInput.wordIssue("the job's name", name, nameBytesMax))
  return issue === undefined ? Figures.asked(filter) : Result.fail(new JobInvalid({ issue }))
}
