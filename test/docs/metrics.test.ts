/**
 * The documentation lists the names of all metrics.
 */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as MetricTable from "./MetricTable.ts"

it("the metrics are documented as `npm run docs` writes them", () => {
  const text = readFileSync(MetricTable.page, "utf8")
  assert.include(text, "`pgq_job_settled_total`")
  assert.strictEqual(text, MetricTable.writtenInto(text))
})
