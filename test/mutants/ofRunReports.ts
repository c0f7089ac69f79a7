/**
 * Mutants of the reports of runs: their fence, and their bounds.
 */
import { type Mutant, test } from "./Mutant.ts"

const lost = test(
  "engine/liveness/runReports",
  "whose job is another worker's changes nothing, and is stopped"
)

export const ofRunReports: ReadonlyArray<Mutant> = [
  {
    name: "report-of-a-lost-lease-is-kept",
    of: "runReports",
    changes: [{
      file: "sql/0019_progress.sql",
      from: "SELECT claimed_at FROM leases WHERE leases.id = r.lease AND r.id = ANY (job_ids)",
      to: "SELECT clock_timestamp() AS claimed_at"
    }],
    by: [lost]
  },
  {
    name: "run-goes-on-without-its-lease",
    of: "runReports",
    changes: [{
      file: "src/layers/worker/ReportSender.ts",
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
    name: "commit-before-the-last-lines",
    of: "lastLines",
    changes: [{
      file: "src/layers/worker/Completing.ts",
      from: "if (policy?.log !== undefined) yield* parts.sendLines(run)\n",
      to: "\n"
    }, {
      file: "src/layers/worker/Completing.ts",
      from: "handler.policy.log === undefined ? running : Effect.ensuring(running, sendLines(run))",
      to: "running"
    }],
    by: [test("engine/running/completedLogs", "has the lines ")]
  },
  {
    name: "commit-before-the-count-of-lines",
    of: "boundOfLogs",
    changes: [{
      file: "src/layers/worker/Reports.ts",
      from: "runs.get(run)?.countOmitted(now())",
      to: ""
    }],
    by: [test("engine/running/completedLogs", "counts the lines that its kind leaves out")]
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
