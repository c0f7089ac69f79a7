/**
 * pgq's own claims, one at a time, as a worker makes them: by the services that it is made of.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { randomUUID } from "node:crypto"
import { Settlement } from "../dist/domain/Settlement.js"
import { JobRepo, QueueLive } from "../dist/index.js"
import * as PgWorkerRegistry from "../dist/layers/postgres/PgWorkerRegistry.js"
import { WorkerRegistry } from "../dist/services/WorkerRegistry.js"
import type { Stage } from "./Scenario.ts"

const services = Layer.merge(QueueLive.client(), PgWorkerRegistry.layer({ schema: "pgq" }))

export interface OwnClaims {
  /** Claims up to a hundred jobs, ends them so, and answers with how long the claim took. */
  readonly claim: (end: "Released" | "Completed") => Promise<{ count: number; millis: number }>
  /** The mean of twenty claims of a hundred jobs, each handed back. */
  readonly meanMillis: () => Promise<number>
}

export const open = async ({ later, place }: Stage): Promise<OwnClaims> => {
  const scope = Effect.runSync(Scope.make())
  const client = PgClient.layer({ url: Redacted.make(place.url), maxConnections: 1 })
  const context = await Effect.runPromise(
    Layer.build(Layer.provide(services, client)).pipe(Scope.provide(scope))
  )
  later(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const run = <A, E>(effect: Effect.Effect<A, E, JobRepo | WorkerRegistry>) =>
    Effect.runPromise(Effect.provideContext(effect, context))

  const worker = randomUUID()
  await run(Effect.flatMap(WorkerRegistry, (registry) =>
    registry.join({
      id: worker,
      label: "bench",
      host: "bench",
      pid: process.pid,
      queues: ["default"],
      names: ["work"],
      mode: "row-lock",
      concurrency: 100,
      lease: Duration.hours(1)
    })))

  const claim: OwnClaims["claim"] = (end) =>
    run(Effect.gen(function*() {
      const repo = yield* JobRepo
      const begin = performance.now()
      const { jobs } = yield* repo.claim({
        queues: ["default"],
        worker,
        limit: 100,
        slots: 100,
        perLaneMax: 0
      })
      const millis = performance.now() - begin
      const settlement = end === "Released" ? Settlement.Released() : Settlement.Completed()
      yield* repo.settle(jobs.map(({ id, lease }) => ({ id, lease, settlement })))
      return { count: jobs.length, millis }
    }))

  return {
    claim,
    meanMillis: async () => {
      for (let n = 0; n < 5; n++) await claim("Released")
      let sum = 0
      for (let n = 0; n < 20; n++) {
        const { count, millis } = await claim("Released")
        if (count !== 100) throw new Error(`a claim found ${count} jobs`)
        sum += millis
      }
      return sum / 20
    }
  }
}
