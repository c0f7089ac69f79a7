/**
 * The answer of `job/:id`.
 */
import type { JobView, LogView } from "../../../src/http/Views.ts"

export type JobDetail = typeof JobView.Type

export interface Log {
  readonly items: ReadonlyArray<typeof LogView.Type>
}
