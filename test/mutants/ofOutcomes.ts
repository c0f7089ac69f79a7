/**
 * Mutants of the ends of a run: their counts, the order that follows, and how long they are kept.
 */
import { histories, type Mutant, test } from "./Mutant.ts"

const outcomes = (name: string) => test("engine/settling/outcomes", name)

export const ofOutcomes: ReadonlyArray<Mutant> = [
  {
    name: "snooze-counts-a-failure",
    of: "failures",
    changes: [{
      file: "sql/0005_settle.sql",
      functions: ["put_back"],
      from: "WHEN e.outcome IN ('unhandled', 'snoozed') THEN 0 ELSE 1",
      to: "WHEN e.outcome = 'unhandled' THEN 0 ELSE 1"
    }],
    by: [histories, outcomes("have a snoozed job")]
  },
  {
    name: "snooze-count-kept-after-a-failed-run",
    of: "snoozes",
    changes: [{
      file: "sql/0005_settle.sql",
      functions: ["put_back"],
      from: "WHEN 'unhandled' THEN j.snooze_count",
      to: "ELSE j.snooze_count"
    }],
    by: [outcomes("have no count of snoozes")]
  },
  {
    name: "snoozed-job-before-those-that-are-ready",
    of: "placeOfRetried",
    changes: [{
      functions: ["make_ready"],
      from: " + coalesce(snooze_count, 0)",
      to: ""
    }],
    by: [histories]
  },
  {
    name: "lane-of-a-cancelled-job-without-a-head",
    of: "handover",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF keys IS NOT NULL AND cardinality(ended) > 0 THEN",
      to: "IF keys IS NOT NULL AND cardinality(ended) > 0 AND NOT EXISTS " +
        "(SELECT FROM unnest(mine) AS e WHERE e.outcome = 'cancelled') THEN"
    }],
    by: [outcomes("have a new head in the lane of a job that is cancelled in its run")]
  },
  {
    name: "dropped-jobs-kept-for-ever",
    of: "retention",
    changes: [{
      file: "src/layers/postgres/PgScheduler.ts",
      from: "\"prune_failed\", \"prune_dropped\", ",
      to: "\"prune_failed\", "
    }],
    by: [test("engine/maintenance/history", "failed ones for 30, others for 7, by whole days")]
  },
  {
    name: "runs-kept-for-ever",
    of: "retention",
    changes: [{
      file: "src/layers/postgres/PgScheduler.ts",
      from: "\"prune_dropped\", \"prune_runs\", \"prune_logs\"],",
      to: "\"prune_dropped\"],"
    }],
    by: [test("engine/maintenance/history", "failed ones for 30, others for 7, by whole days")]
  },
  {
    name: "result-of-a-lost-lease",
    of: "fence",
    changes: [{
      file: "sql/0005_settle.sql",
      from:
        "WHERE NOT (r.lease, r.id) NOT IN (SELECT c.lease, unnest(c.ids) FROM unnest(completed) AS c)",
      to: "WHERE true"
    }],
    by: [test("engine/running/results", "is not that of a run that came too late")]
  }
]
