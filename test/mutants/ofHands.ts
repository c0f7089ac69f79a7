/**
 * Mutants of the database's handling of jobs that people add, change and delete by hand.
 */
import { model, type Mutant, test } from "./Mutant.ts"

export const ofHands: ReadonlyArray<Mutant> = [
  {
    name: "changes-by-hand-not-refused",
    of: "byHand",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "    PERFORM refuse_leased(leased, leased_key);",
      to: ""
    }],
    by: [
      test("interleaving/byHand", "a job of a run cannot be deleted, moved or made later"),
      model("lane", "NJ=3 DELETES=1 NO_HAND_GUARD", "violated"),
      model("lane", "NJ=3 DELETES=1 RUN=1 NO_HAND_GUARD", "violated")
    ]
  },
  {
    name: "changed-by-hand-while-a-lease-is-hidden",
    of: "byHand",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "    current_setting('transaction_isolation') <> 'read committed'\n    OR",
      to: "    false OR"
    }],
    by: [test(
      "hands/table",
      "is refused where an old snapshot may hide a lease"
    )]
  },
  {
    name: "deleted-jobs-stay-in-their-leases",
    of: "withdrawals",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "      INSERT INTO withdrawals (job_ids) VALUES (leased);",
      to: "      NULL;"
    }],
    by: [test("hands/bulk", "a number that is given again belongs to nobody's lease")]
  },
  {
    name: "leases-locked-until-a-person-commits",
    of: "deferredWithdrawals",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: " DEFERRABLE INITIALLY DEFERRED",
      to: ""
    }],
    by: [test("hands/bulk", "who deletes a running job and takes it back has changed nothing")]
  },
  {
    name: "truncate-asks-too-late",
    of: "byHand",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "BEFORE TRUNCATE ON jobs",
      to: "AFTER TRUNCATE ON jobs"
    }],
    by: [test("hands/bulk", "a table that is emptied with its numbers")]
  },
  {
    name: "moved-by-hand-without-a-word",
    of: "wordByHand",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "  PERFORM wake_all(touched);\n  IF is_soon",
      to: "  IF is_soon"
    }],
    by: [test("hands/bulk", "is moved, put forward or freed wakes who must look")]
  },
  {
    name: "first-state-before-users-triggers",
    of: "stateByHand",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "CREATE TRIGGER \"~first_state\"",
      to: "CREATE TRIGGER \"first_state\""
    }],
    by: [test("hands/triggers", " before an insert: ")]
  },
  {
    name: "a-lock-for-each-queue",
    of: "slotsOfQueues",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "hashtext(q) & 255 AS slot",
      to: "hashtext(q) AS slot"
    }],
    by: [test("hands/enqueue", "adds to 60,000 queues in one transaction")]
  },
  {
    name: "notifies-whatever-the-setting",
    of: "preparedEnqueue",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "IF (SELECT notify FROM settings) THEN",
      to: "IF true THEN"
    }],
    by: [test("hands/twoPhase", "can be prepared when nothing notifies")]
  }
]
