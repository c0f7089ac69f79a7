/**
 * Mutants of pauses, and of what brings paused jobs back.
 */
import { model, type Mutant, test } from "./Mutant.ts"

export const ofPauses: ReadonlyArray<Mutant> = [
  {
    name: "paused-head-lets-its-lane-go-on",
    of: "pausedHead",
    changes: [{
      file: "sql/0017_pauses.sql",
      from: "CASE WHEN serialization_key IS NULL THEN 'scheduled' ELSE 'retry' END",
      to: "'scheduled'"
    }],
    by: [
      test("interleaving/pauses", "of a name lets a lane wait in order"),
      model("lane", "NJ=2 PAUSES=1 ASIDE_LEAVES_LANE", "violated")
    ]
  },
  {
    name: "lane-run-past-a-paused-name",
    of: "endOfPausedRun",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "bool_or(n.crash_count > 0 OR n.name = ANY (paused))",
      to: "bool_or(n.crash_count > 0)"
    }],
    by: [test("interleaving/pauses", "of a name lets a lane wait in order")]
  },
  {
    name: "set-aside-although-it-came-back",
    of: "rowsOfSetAside",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "SELECT FROM new_jobs AS n WHERE n.id = o.id AND n.run_at = 'infinity'",
      to: "SELECT FROM new_jobs AS n WHERE n.id = o.id"
    }],
    by: [test("interleaving/pauses", "of a job that blocks its lane later is not mixed up")]
  },
  {
    name: "asleep-since-before-the-pause",
    of: "sleepAfterResume",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: "          claims.distrustSleep()\n",
      to: ""
    }],
    by: [test("engine/running/pauses", "looks after a resume for transactions")]
  }
]
