/**
 * The live workers in PostgreSQL, by the database's clock.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import type { Statement } from "effect/sql"
import type { CancelRequest } from "../../domain/Cancellation.ts"
import { StoreError } from "../../domain/Errors.ts"
import type { FailureReport } from "../../domain/FailureReport.ts"
import { everyQueue } from "../../domain/Pause.ts"
import type { StopMode } from "../../domain/StopMode.ts"
import { version } from "../../domain/Version.ts"
import { type WorkerPause, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*({ schema, work }: Options) {
  const client = yield* PgClient.PgClient
  const sql = client.withoutTransforms()
  const working = (work ?? client).withoutTransforms()
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const join: WorkerRegistry["Service"]["join"] = Effect.fn("WorkerRegistry.join")(
    function*(worker) {
      const lease = `${Duration.toMillis(worker.lease)} milliseconds`
      const reports = (worker.failureReports ?? []).toSorted((a, b) => a.of < b.of ? -1 : 1)
      const names = reports.map((report) => report.of)
      // Two workers that register at once lock the rows of the same names in the same order.
      yield* sql`
        WITH forgotten AS (
          DELETE FROM ${name("failure_reports")}
          WHERE name = ANY (${worker.names}::text[]) AND name <> ALL (${names}::text[])
        ), known AS (
          INSERT INTO ${name("failure_reports")} AS old
          SELECT name, report_name, nullif(seconds, '')::double precision * interval '1 second'
          FROM unnest(
            ${names}::text[], ${reports.map((report) => report.name)}::text[],
            ${reports.map(secondsOf)}::text[]
          ) AS report(name, report_name, seconds)
          ON CONFLICT (name) DO UPDATE
          SET report_name = excluded.report_name, expires_in = excluded.expires_in
          WHERE (old.report_name, old.expires_in)
            IS DISTINCT FROM (excluded.report_name, excluded.expires_in)
        )
        INSERT INTO ${name("workers")}
          (id, label, host, pid, queues, mode, concurrency, names, version, lease, lease_until)
        VALUES (
          ${worker.id}::uuid, ${worker.label}, ${worker.host}, ${worker.pid},
          ${worker.queues}::text[], ${worker.mode}, ${worker.concurrency},
          ${worker.names}::text[], ${version},
          ${lease}::interval, clock_timestamp() + ${lease}::interval
        )
        ON CONFLICT (id) DO UPDATE
        SET lease_until = excluded.lease_until, late_since = NULL, asleep = false
      `
    },
    withTimeout("join")
  )

  const reconcile: WorkerRegistry["Service"]["reconcile"] = Effect.fn("WorkerRegistry.reconcile")(
    function*(id, known) {
      let released = 0
      while (true) {
        const [row] = yield* working<{ released: number; gone: ReadonlyArray<string> }>`
          SELECT released, gone FROM ${name("reconcile")}(${id}::uuid, ${known}::uuid[])
        `.pipe(withTimeout("reconcile"))
        released += row!.released
        if (row!.released < reconciledMax) return { released, gone: row!.gone }
      }
    }
  )

  const endAs = end(sql, name("leave"))

  return WorkerRegistry.of({
    join,
    ...renewals(sql, name),
    reconcile,
    leave: endAs("leave", false),
    reportDead: endAs("reportDead", true)
  })
})

/** A text, because the driver sends no list of nothing but nulls. */
const secondsOf = ({ expiresIn }: FailureReport): string =>
  expiresIn === undefined ? "" : `${Duration.toSeconds(expiresIn)}`

interface RenewedRow {
  readonly has_cancels: boolean
  readonly has_pauses: boolean
  readonly asked: StopMode | null
}

/** How a worker stays alive, and learns which of its jobs were cancelled or paused. */
const renewals = (sql: PgClient.PgClient, name: (relation: string) => Statement.Identifier) => {
  const renew: WorkerRegistry["Service"]["renew"] = Effect.fn("WorkerRegistry.renew")(
    function*(id, { isStopping, vitals } = { isStopping: false }) {
      const news = vitals === undefined ? null : JSON.stringify(vitals)
      const [renewed] = yield* sql<RenewedRow>`
        UPDATE ${name("workers")} AS w
        SET lease_until = clock_timestamp() + lease, late_since = NULL, is_stopping = ${isStopping},
            vitals = coalesce(${news}::jsonb, vitals)
        WHERE id = ${id}::uuid
        RETURNING EXISTS (
          SELECT FROM ${name("cancel_requests")} AS r WHERE r.worker_id = w.id
        ) AS has_cancels, EXISTS (SELECT FROM ${name("pauses")}) AS has_pauses, asked
      `
      return {
        isKnown: renewed !== undefined,
        hasCancels: renewed?.has_cancels === true,
        hasPauses: renewed?.has_pauses === true,
        asked: renewed?.asked ?? undefined
      }
    },
    withTimeout("renew")
  )

  const cancelRequests: WorkerRegistry["Service"]["cancelRequests"] = Effect.fn(
    "WorkerRegistry.cancelRequests"
  )(
    (id) =>
      sql<CancelRequest>`
        SELECT lease_id::text AS lease, job_id AS id
        FROM ${name("cancel_requests")} WHERE worker_id = ${id}::uuid
      `,
    withTimeout("cancelRequests")
  )

  const pauses: WorkerRegistry["Service"]["pauses"] = Effect.fn("WorkerRegistry.pauses")(
    function*(queues) {
      const rows = yield* sql<Omit<WorkerPause, "name"> & { readonly name: string | null }>`
        SELECT queue, nullif(name, '') AS name, releases_running AS "cancelsRunning"
        FROM ${name("pauses")}
        WHERE queue = ANY (${[...queues, everyQueue]}::text[])
          AND (until IS NULL OR until > clock_timestamp())
      `
      return rows.map((row) => ({ ...row, name: row.name ?? undefined }))
    },
    withTimeout("pauses")
  )

  return { renew, cancelRequests, pauses }
}

/**
 * Ends a worker in steps. A row-locked lease stays: a rescue gives back a dead worker's lease, and
 * a live worker asks again.
 */
const end =
  (sql: PgClient.PgClient, leave: Statement.Identifier) =>
  (operation: string, hasCrashed: boolean): WorkerRegistry["Service"]["leave"] =>
    Effect.fn(`WorkerRegistry.${operation}`)(function*(id) {
      const step = sql<{ handed_back: number; is_done: boolean }>`
        SELECT handed_back, is_done FROM ${leave}(${id}::uuid, ${hasCrashed})
      `.pipe(withTimeout(operation))
      for (let stuck = 0; stuck < stuckMax;) {
        const [left] = yield* step
        if (left!.is_done) return
        if (left!.handed_back > 0) continue
        stuck++
        yield* Effect.interruptible(Effect.sleep("100 millis"))
      }
      // The leases of a dead worker are rescued in any case.
      if (hasCrashed) return
      return yield* new StoreError({
        operation,
        isTransient: true,
        detail: "another transaction locks a lease of this worker",
        cause: undefined
      })
    })

/** After this many steps in a row that find every remaining lease row-locked, the step gives up. */
const stuckMax = 30

/** The jobs that one step gives back, or more. */
const reconciledMax = 4000

export interface Options {
  readonly schema: string
  /**
   * The connections for comparing leases, which may take as long as a claim. Defaults to the ones
   * for renewals.
   */
  readonly work?: PgClient.PgClient
}

export const layer = (options: Options): Layer.Layer<WorkerRegistry, never, PgClient.PgClient> =>
  Layer.effect(WorkerRegistry, make(options))
