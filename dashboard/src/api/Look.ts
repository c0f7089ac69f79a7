/**
 * The answer of `overview`: one look at a schema, and the verdict on it.
 */
import type { Overview } from "../../../src/domain/Overview.ts"
import type { Verdict } from "../../../src/domain/Verdict.ts"

export interface Look {
  readonly overview: Overview
  readonly verdict: Verdict
}
