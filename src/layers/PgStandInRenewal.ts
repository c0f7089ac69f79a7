/**
 * One renewal by the stand-in's thread, on a connection that is closed again.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { renewEvery } from "../domain/Lease.ts"
import { WorkerRegistry } from "../services/WorkerRegistry.ts"
import type { Task } from "./PgStandInTask.ts"
import * as PgWorkerRegistry from "./PgWorkerRegistry.ts"

/** Answers `false` when the worker was taken for dead. */
export const renew = ({ connection, lease, schema, worker }: Task): Promise<boolean> => {
  const { password, url, ...settings } = connection
  const client = PgClient.layer({
    ...settings,
    url: url === undefined ? undefined : Redacted.make(url),
    password: password === undefined ? undefined : Redacted.make(password),
    maxConnections: 1
  })
  return WorkerRegistry.use((registry) => registry.renew(worker)).pipe(
    Effect.provide(Layer.provide(PgWorkerRegistry.layer({ schema }), client)),
    Effect.timeout(renewEvery(lease)),
    Effect.runPromise
  )
}
