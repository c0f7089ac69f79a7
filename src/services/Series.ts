/**
 * The figures of a schema over time, for charts.
 */
import { Context, type Effect } from "effect"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type * as Figures from "../domain/Series.ts"

/**
 * The figures of a schema over time, for charts. `QueueLive.client` and `QueueLive.layer` provide
 * the service, and so do those of `MemoryQueue`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Series } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const to = new Date()
 *   const from = new Date(to.getTime() - 3_600_000)
 *   const { series, t } = yield* Series.use((figures) =>
 *     figures.series({ of: "finished", queue: "default", from, to, step: "1 minute" })
 *   )
 *   const completed = series.find(({ label }) => label === "completed")
 *   yield* Effect.logInfo(`${completed?.values.at(-1)} jobs completed since ${t.at(-1)}`)
 * })
 * ```
 */
export class Series extends Context.Service<Series, {
  /**
   * The series from `from` up to `to`, at most 1,000 points. Steps of less than an hour reach back
   * as far as the settings keep minutes, which is 48 hours, and others as far as they keep hours.
   * Where nothing is known, runs that ended are 0, and everything else is `null`.
   *
   * Fails as `JobInvalid` before anything is asked if there is no such series, and as `StoreError`
   * if the database refuses or cannot be reached.
   */
  readonly series: (
    filter: Figures.SeriesFilter
  ) => Effect.Effect<Figures.SeriesValues, JobInvalid | StoreError>
}>()("pgq/services/Series") {}
