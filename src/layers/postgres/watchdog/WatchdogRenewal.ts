/**
 * One renewal by the watchdog's thread, on a connection of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Result } from "effect"
import { renewEvery } from "../../../domain/Lease.ts"
import { WorkerRegistry } from "../../../services/WorkerRegistry.ts"
import * as PgConninfo from "../connection/PgConninfo.ts"
import * as PgWorkerRegistry from "../PgWorkerRegistry.ts"
import type { Task } from "./WatchdogTask.ts"

/** Answers `false` if the worker was reported dead. */
export const renew = ({ connection, lease, schema, worker }: Task): Promise<boolean> => {
  const { conninfo, password, url, ...settings } = connection
  const way = conninfo === undefined ? {} : Result.getOrThrow(PgConninfo.configOf(conninfo))
  const client = PgClient.layer({
    ...settings,
    ...way,
    applicationName: settings.applicationName,
    url: url === undefined ? undefined : Redacted.make(url),
    ...(password === undefined ? {} : { password: Redacted.make(password) }),
    maxConnections: 1
  })
  return WorkerRegistry.use((registry) => registry.renew(worker)).pipe(
    Effect.provide(Layer.provide(PgWorkerRegistry.layer({ schema }), client)),
    Effect.map(({ isKnown }) => isKnown),
    Effect.timeout(renewEvery(lease)),
    Effect.runPromise
  )
}
