/**
 * The probes of a worker in an application's own server.
 */
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { ofWorker, probes } from "../domain/Probe.ts"
import { WorkerControl } from "../services/WorkerControl.ts"

/** The place of the probes. */
export interface Options {
  /** The path before the names of the probes. Defaults to "/healthz". */
  readonly prefix?: HttpRouter.PathInput | undefined
}

/**
 * Adds the probes of the worker to an application's `HttpRouter`: `/healthz/startup`,
 * `/healthz/ready` and `/healthz/live`. They answer 200 or 503, with a JSON object that has each
 * check, and ask nothing of the database. An application that stops its worker and goes on serving
 * is not ready.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { Job, QueueLive } from "pgq"
 * import { Probes } from "pgq/observe"
 *
 * const Tick = Job.make("tick")
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined))
 * )
 *
 * export const app = HttpRouter.serve(
 *   Probes.layer({ prefix: "/jobs/healthz" }).pipe(Layer.provide(Queue))
 * )
 * ```
 */
export const layer = (
  { prefix = "/healthz" }: Options = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | WorkerControl> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const router = yield* HttpRouter.HttpRouter
    const { health } = yield* WorkerControl
    for (const probe of probes) {
      yield* router.add(
        "GET",
        `/${`${prefix}/${probe}`.replace(/^\/+/, "")}`,
        Effect.map(health, (found) => {
          const report = ofWorker(probe, found)
          return HttpServerResponse.jsonUnsafe(report, {
            status: report.status === "ok" ? 200 : 503,
            headers: { "cache-control": "no-store" }
          })
        })
      )
    }
  }))
