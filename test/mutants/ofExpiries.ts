/**
 * Mutants of the steps that end expired jobs.
 */
import { model, type Mutant, test, uniqueHistories } from "./Mutant.ts"

const file = "sql/0015_expiry.sql"
const look = "    leased := ARRAY(\n      SELECT unnest(job_ids) FROM leases\n" +
  "      WHERE queue = ANY (ARRAY(SELECT queue FROM jobs WHERE id = ANY (locked)))\n    );\n"
const early = "    leased := ARRAY(SELECT unnest(job_ids) FROM leases);\n"
const lock = "    locked := ARRAY(\n" +
  "      SELECT id FROM jobs WHERE id = ANY (ids) AND expires_at <= clock FOR UPDATE SKIP LOCKED\n" +
  "    );\n"
const why =
  "    -- A fresh look at the leases: a claim that had locked a row before has committed by now.\n"

export const ofExpiries: ReadonlyArray<Mutant> = [
  {
    name: "sweep-looks-at-the-leases-first",
    of: "secondLookOfSweeps",
    changes: [{ file, from: lock + why + look, to: early + lock }],
    by: [
      test("interleaving/expiry", "that a claim overtakes before it locks the job"),
      model("lane", "NJ=2 EXPIRIES=1 SWEEP_LOOKS_FIRST", "violated")
    ]
  },
  {
    name: "expired-without-a-marker",
    of: "markerOfExpired",
    changes: [{ file, from: "    PERFORM mark_lanes(q, heads);\n", to: "" }],
    by: [
      test("interleaving/expiry", "a sweep, a claim leaves the job, and takes the next"),
      model("lane", "NJ=3 EXPIRIES=1 NO_SWEEP_MARK", "stuck")
    ]
  },
  {
    name: "due-jobs-start-after-their-time",
    of: "expiryOfDue",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "SELECT id FROM jobs WHERE id = ANY (due) AND expires_at <= clock",
      to: "SELECT id FROM jobs WHERE false"
    }],
    by: [test("interleaving/expiry", "a promotion, the job ends once")]
  },
  {
    name: "claims-before-the-first-sweep",
    of: "firstSweep",
    changes: [{
      file: "src/layers/PgWorker.ts",
      from: "Layer.provide(Worker.layer(working), first)",
      to: "Worker.layer(working)"
    }],
    by: [test("engine/maintenance/expiring", "is not started after an outage")]
  },
  {
    name: "sweep-forgets-what-it-could-not-end",
    of: "laterLook",
    changes: [{
      file,
      from: "FROM jobs WHERE id = ANY (ids) AND expires_at <= clock\n    ON CONFLICT",
      to: "FROM jobs WHERE false\n    ON CONFLICT"
    }],
    by: [
      test(
        "interleaving/expiry",
        "a person who holds the job, a sweep ends the others, and this one later"
      )
    ]
  },
  {
    name: "sweep-ends-running-jobs",
    of: "secondLookOfSweeps",
    changes: [{
      functions: ["expire"],
      from: "ARRAY(SELECT unnest(locked) INTERSECT SELECT unnest(leased))",
      to: "'{}'"
    }],
    by: [uniqueHistories]
  }
]
