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
      from: "SELECT claimed_at FROM leases WHERE leases.id = r.lease AND r.id = ANY (job_ids)",
      to: "SELECT clock_timestamp() AS claimed_at"
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
  },
  {
    name: "log-without-a-bound",
    of: "boundOfLogs",
    changes: [{
      file: "src/layers/worker/Unsent.ts",
      from: "this.#last >= bounds.lines",
      to: "false"
    }],
    by: [test(
      "engine/running/logs",
      "a run keeps no more lines than its kind says, and counts the others"
    )]
  },
  {
    name: "last-lines-are-not-waited-for",
    of: "lastLines",
    changes: [{
      file: "src/layers/worker/LaneRunner.ts",
      from: "if (lastReport !== undefined) yield* lastReport",
      to: "if (lastReport !== undefined) yield* Effect.forkDetach(Effect.delay(lastReport, 1))"
    }],
    by: [test(
      "engine/running/logs",
      "lines of the level and above are kept, also of a short run"
    )]
  }
]
