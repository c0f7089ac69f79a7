/**
 * Mutants of the protocol between producers, claims, settlements and rescues, in the schema of a
 * database of its own.
 */
import { histories, model, type Mutant, soakAtTimes, test } from "./Mutant.ts"

const freshLook = (name: string) => test("interleaving/freshLook", name)

export const ofProtocol: ReadonlyArray<Mutant> = [
  {
    name: "no-marker-for-new-jobs",
    of: "markerOfNew",
    changes: [{
      functions: ["announce"],
      from: "IF is_keyed THEN",
      to: "IF false THEN"
    }],
    by: [histories, model("lane", "NJ=2 NO_ENQUEUE_MARKER", "stuck")]
  },
  {
    name: "no-internal-lock-of-a-queue",
    of: "internalLock",
    changes: [{
      functions: ["lock_claims"],
      from: "PERFORM pg_advisory_xact_lock(class, lock);",
      to: "NULL;"
    }],
    by: [histories, model("lane", "NJ=2 EXCLUSIVE NO_INTERNAL NO_SECOND_LOOK", "violated")]
  },
  {
    name: "rescue-takes-the-leases-of-the-living",
    of: "leaseEnd",
    changes: [{
      functions: ["abandoned_leases"],
      from: "WHERE w.id = holder.id",
      to: "WHERE false"
    }],
    by: [histories]
  },
  {
    name: "no-marker-for-a-job-that-comes-back-undone",
    of: "markerOfUndone",
    changes: [{
      functions: ["put_back", "give_back"],
      from: "PERFORM mark_lanes(",
      to: "PERFORM jsonb_build_array("
    }],
    by: [histories, model("lane", "NJ=2 RETRIES=1 NO_UNDONE_MARKER", "stuck")]
  },
  {
    name: "settlement-fenced-by-the-state-alone",
    of: "fence",
    changes: [{
      functions: ["take_completed"],
      from: "cardinality(ids) + cardinality(rest) > cardinality(l.job_ids)",
      to: "false"
    }],
    by: [histories, model("fence", "BY_STATE", "violated")]
  },
  {
    name: "no-head-index-and-no-lock-on-lanes",
    of: "laneLock",
    changes: [{
      functions: ["lock_stripes"],
      from: "PERFORM pg_advisory_xact_lock(class, s)",
      to: "PERFORM s"
    }, {
      statement: "DROP INDEX pgq.jobs_head"
    }],
    by: [histories, model("lane", "NJ=3 NO_STRIPE NO_INDEX", "stuck")]
  },
  {
    name: "no-lock-on-lanes",
    of: "laneLock",
    changes: [{
      functions: ["lock_stripes"],
      from: "PERFORM pg_advisory_xact_lock(class, s)",
      to: "PERFORM s"
    }],
    by: [histories, model("lane", "NJ=3 NO_STRIPE", "stuck")]
  },
  {
    name: "no-marker-for-what-people-change",
    of: "markerOfChanged",
    changes: [{
      functions: ["mark_changed", "mark_deleted"],
      from: "serialization_key IS NOT NULL",
      to: "false"
    }],
    by: [histories, model("lane", "NJ=3 DELETES=1 NO_DELETE_MARKER", "stuck")]
  },
  {
    name: "overtaken-head-stays-the-head",
    of: "demotion",
    changes: [{
      functions: ["order_lanes"],
      from: "demoted := demote_heads(q, keys);",
      to: ""
    }],
    by: [histories]
  },
  {
    name: "no-second-look-at-the-leases",
    of: "secondLook",
    changes: [{
      file: "sql/0004_claim.sql",
      functions: ["take_jobs"],
      from: "IF cardinality(leased) > 0 THEN",
      to: "IF false THEN"
    }],
    by: [
      histories,
      model("lane", "NJ=2 NO_SECOND_LOOK", "violated"),
      freshLook("leaves a healthy job to the other claim"),
      soakAtTimes
    ]
  },
  {
    name: "leases-said-to-end-before-their-jobs",
    of: "boundsOfLeases",
    changes: [
      {
        file: "sql/0001_tables.sql",
        from: "CHECK (first_id <= ALL (job_ids) AND last_id >= ALL (job_ids))",
        to: "CHECK (true)"
      },
      {
        file: "sql/0004_claim.sql",
        from: "least(picked.first_id, healthy[1])",
        to: "healthy[1]"
      }
    ],
    by: [freshLook("leaves a suspect to the other claim, which took it beside a lane")]
  },
  {
    name: "settlement-does-not-lock-its-leases",
    of: "lockOfSettlement",
    changes: [{
      functions: ["lock_to_settle"],
      from: "ORDER BY own.id FOR UPDATE",
      to: "ORDER BY own.id"
    }],
    by: [histories]
  },
  {
    name: "rescue-locks-neither-the-leases-it-takes-nor-their-jobs",
    of: "lockOfRescue",
    changes: [{
      functions: ["give_back_some", "give_back"],
      from: "FOR UPDATE SKIP LOCKED",
      to: ""
    }],
    by: [histories]
  },
  {
    name: "suspect-is-claimed-along-with-others",
    of: "suspectsApart",
    changes: [{
      functions: ["pick", "pick_above"],
      from: "AND crash_count = 0",
      to: ""
    }],
    by: [histories]
  },
  {
    name: "settlement-that-is-sent-again-is-refused",
    of: "repeat",
    changes: [{
      functions: ["settle_again"],
      from: "WHERE NOT lost.id NOT IN",
      to: "WHERE true OR lost.id NOT IN"
    }],
    by: [histories]
  },
  {
    name: "reconciliation-takes-what-the-worker-knows",
    of: "reconciliation",
    changes: [{
      functions: ["reconcile"],
      from: "id NOT IN (SELECT unnest(known))",
      to: "true"
    }],
    by: [histories]
  },
  {
    name: "release-counts-a-failure",
    of: "failures",
    changes: [{
      functions: ["put_back"],
      from: "IF ids IS NULL THEN",
      to: "UPDATE jobs SET failures = failures + 1 WHERE id IN (SELECT e.id FROM unnest(endings) " +
        "AS e WHERE e.outcome = 'released'); IF ids IS NULL THEN"
    }],
    by: [histories]
  },
  {
    name: "leaving-worker-keeps-its-leases",
    of: "signOff",
    changes: [{
      functions: ["leave"],
      from: "handed_back := give_back_some(",
      to: "DELETE FROM workers WHERE id = worker; is_done := true; handed_back := 0; RETURN; " +
        "handed_back := give_back_some("
    }],
    by: [histories]
  },
  {
    name: "no-marker-for-a-job-that-comes-due",
    of: "markerOfDue",
    changes: [{
      functions: ["make_ready"],
      from: "FROM changed WHERE serialization_key IS NOT NULL",
      to: "FROM changed WHERE false"
    }],
    by: [histories, model("lane", "NJ=2 RETRIES=1 NO_PROMOTE_MARKER", "stuck")]
  },
  {
    name: "settled-job-without-a-successor",
    of: "handover",
    changes: [{
      functions: ["pass_heads_on"],
      from: "make_heads(q, lanes) > 0",
      to: "false"
    }],
    by: [histories, model("lane", "NJ=3 NO_HANDOVER", "stuck")]
  },
  {
    name: "waiting-for-a-retry-frees-the-lane",
    of: "waitingHead",
    changes: [{
      functions: ["choose_heads"],
      from: "head.state IN ('ready', 'retry')",
      to: "head.state = 'ready'"
    }],
    by: [histories]
  },
  {
    name: "rest-of-a-run-stays-when-its-job-goes-back",
    of: "restOfRun",
    changes: [{
      functions: ["take_others"],
      from: "IF is_keyed AND cardinality(undone) > 0 THEN",
      to: "IF false THEN"
    }],
    by: [histories, model("lane", "NJ=3 RUN=1 RETRIES=1 KEEP_REST", "stuck")]
  },
  {
    name: "claim-does-not-look-at-the-leases",
    of: "firstLook",
    changes: [{
      functions: ["pick", "pick_above"],
      from: "NOT IN (SELECT unnest(leased))",
      to: "IS NOT NULL"
    }],
    by: [histories]
  }
]
