/**
 * The endpoint that asks workers to stop.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { StopMode } from "../domain/StopMode.ts"
import { JobAdmin } from "../services/JobAdmin.ts"
import { Api } from "./Api.ts"
import { NotFound, orProblem } from "./Problems.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "workers",
  Effect.fnUntraced(function*(handlers) {
    const admin = yield* JobAdmin
    return handlers.handle("stop", ({ params, payload }) => stop(admin, params.id, payload.mode))
  })
)

const stop = Effect.fnUntraced(function*(admin: JobAdmin["Service"], id: string, mode: StopMode) {
  const answer = yield* orProblem(admin.stopWorker(id, mode))
  return answer === "not found" ? yield* new NotFound() : { answer }
})
