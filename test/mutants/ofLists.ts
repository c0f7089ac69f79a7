/**
 * Mutants of the lists of jobs that a search finds: their parts, and what they may tell.
 */
import { type Mutant, test } from "./Mutant.ts"

const lists = "engine/control/jobLists"

export const ofLists: ReadonlyArray<Mutant> = [
  {
    name: "payloads-searched-by-anybody",
    of: "gateOfApi",
    changes: [{
      file: "src/http/Searches.ts",
      from: "if (!rights.has(right)) {",
      to: "if (rights.size === 0) {"
    }],
    by: [test("http/searches", "for payloads is refused to those who may not see them")]
  },
  {
    name: "list-that-shows-a-job-twice",
    of: "partsOfLists",
    changes: [{
      file: "src/layers/postgres/PgEndedJobs.ts",
      from: " AND finished_at <= ${now.toISOString()}::timestamptz\n",
      to: "\n"
    }],
    by: [test(lists, "leaves out the jobs that have ended since it was asked for")]
  },
  {
    name: "list-that-stops-too-early",
    of: "partsOfLists",
    changes: [{
      file: "src/layers/postgres/PgWaitingJobs.ts",
      from: "WHERE fits OR is_last ORDER BY",
      to: "WHERE fits ORDER BY"
    }],
    by: [test(lists, "goes on behind windows without a job that fits")]
  }
]
