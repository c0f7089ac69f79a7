/**
 * Mutants of the reports of failures.
 */
import { type Mutant, test } from "./Mutant.ts"

const settling = "sql/0005_settle.sql"

export const ofFailureReports: ReadonlyArray<Mutant> = [
  {
    name: "crashes-unreported",
    of: "failureReports",
    changes: [{
      file: settling,
      from: "IF outcome_ IN ('failed', 'crashed', 'expired') THEN\n    PERFORM report",
      to: "IF outcome_ IN ('failed', 'expired') THEN\n    PERFORM report"
    }],
    by: [test("interleaving/failureReports", "a rescue reports the crash alone")]
  },
  {
    name: "reported-although-lost",
    of: "failureReports",
    changes: [{
      file: settling,
      from: "  completed := take_completed(done_leases",
      to: "  PERFORM report_failures(asked_ids, 'failed', NULL, 1);\n" +
        "  completed := take_completed(done_leases"
    }, {
      file: settling,
      from: "IF outcome_ IN ('failed', 'crashed', 'expired') THEN\n    PERFORM report",
      to: "IF outcome_ IN ('crashed', 'expired') THEN\n    PERFORM report"
    }],
    by: [test("interleaving/failureReports", "a settlement of the earlier life reports nothing")]
  },
  {
    name: "blocked-jobs-unreported",
    of: "failureReports",
    changes: [{
      file: settling,
      from: "  IF has_blocked THEN PERFORM report_blocked(endings); END IF;\n",
      to: ""
    }],
    by: [test("interleaving/failureReports", "that blocks a lane is reported alone")]
  },
  {
    name: "reports-of-reports",
    of: "reportsOfReports",
    changes: [{
      file: "sql/0021_failure_reports.sql",
      from: "    WHERE (own.job).name NOT IN (SELECT report_name FROM failure_reports)\n",
      to: ""
    }],
    by: [test("interleaving/failureReports", "two names that report each other")]
  }
]
