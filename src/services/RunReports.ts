/**
 * Where the reports of runs go while the runs go on.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { RunReport } from "../domain/RunReport.ts"

export class RunReports extends Context.Service<RunReports, {
  /**
   * Keeps the reports of runs. Answers the reports of which nothing was kept: their jobs have left
   * the lease of their run.
   */
  readonly keep: (
    reports: ReadonlyArray<RunReport>
  ) => Effect.Effect<ReadonlyArray<RunReport>, StoreError>
}>()("pgq/services/RunReports") {}
