/**
 * Mutants of the ways in which hot statements find their rows.
 */
import { type Mutant, plans } from "./Mutant.ts"

const hot = [
  "claim(text[], uuid, integer, integer, integer, boolean, bigint[], boolean, " +
  "boolean, boolean, text[], integer[], integer[], bigint[])",
  "settle(uuid[], integer[], bigint[], jsonb, integer[], jsonb)"
]

export const ofPlans: ReadonlyArray<Mutant> = [
  {
    name: "planner-without-settings",
    of: "plans",
    changes: hot.map((step) => ({
      statement:
        `ALTER FUNCTION pgq.${step} RESET enable_seqscan RESET enable_bitmapscan RESET enable_sort`
    })),
    by: [plans("claim", "complete", "retry")]
  },
  {
    name: "no-index-of-ready-jobs",
    of: "indexes",
    changes: [{ statement: "DROP INDEX pgq.jobs_ready" }],
    by: [plans("claim")]
  },
  {
    name: "no-index-of-lanes",
    of: "indexes",
    changes: [{ statement: "DROP INDEX pgq.jobs_lane" }],
    by: [plans("claim", "complete")]
  },
  {
    name: "no-index-of-due-jobs",
    of: "indexes",
    changes: [{ statement: "DROP INDEX pgq.jobs_due" }],
    by: [plans("promote")]
  }
]
