/**
 * Mutants of the reports of runs: their fence, and their bounds.
 */
import { type Mutant, test } from "./Mutant.ts"

const lost = test(
  "engine/liveness/reports",
  "whose job is another worker's changes nothing, and is stopped"
)

export const ofReports: ReadonlyArray<Mutant> = [
  {
    name: "report-of-a-lost-lease-is-kept",
    of: "reports",
    changes: [{
      file: "sql/0019_progress.sql",
      from: "SELECT FROM leases WHERE leases.id = r.lease AND r.id = ANY (job_ids)",
      to: "SELECT"
    }],
    by: [lost]
  },
  {
    name: "run-goes-on-without-its-lease",
    of: "reports",
    changes: [{
      file: "src/layers/worker/Reports.ts",
      from: "losers.has(run) && run.current === losers.get(run)",
      to: "losers.has(run) && false"
    }],
    by: [lost]
  }
]
