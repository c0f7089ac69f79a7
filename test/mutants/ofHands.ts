/**
 * Mutants of what the database does with jobs that people add, change and delete by hand.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofHands: ReadonlyArray<Mutant> = [
  {
    name: "changes-by-hand-not-refused",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "    PERFORM refuse_leased(leased, leased_key);",
      to: ""
    }],
    test: killed("interleaving/byHand", "a job of a run cannot be deleted, put off or moved")
  },
  {
    name: "changed-by-hand-while-a-lease-is-hidden",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "    current_setting('transaction_isolation') <> 'read committed'\n    OR",
      to: "    false OR"
    }],
    test: killed(
      "hands/table",
      "is refused where an old snapshot may hide a lease"
    )
  },
  {
    name: "deleted-jobs-stay-in-their-leases",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "      INSERT INTO withdrawals (job_ids) VALUES (leased);",
      to: "      NULL;"
    }],
    test: killed("hands/bulk", "a number that is given again belongs to nobody's lease")
  },
  {
    name: "leases-locked-until-a-person-commits",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: " DEFERRABLE INITIALLY DEFERRED",
      to: ""
    }],
    test: killed("hands/bulk", "who deletes a running job and takes it back has changed nothing")
  },
  {
    name: "truncate-asks-too-late",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "BEFORE TRUNCATE ON jobs",
      to: "AFTER TRUNCATE ON jobs"
    }],
    test: killed("hands/bulk", "a table that is emptied with its numbers")
  },
  {
    name: "moved-by-hand-without-a-word",
    changes: [{
      file: "sql/0008_by_hand.sql",
      from: "  PERFORM wake_all(touched);\n  IF is_soon",
      to: "  IF is_soon"
    }],
    test: killed("hands/bulk", "is moved, put forward or freed wakes who must look")
  },
  {
    name: "first-state-before-users-triggers",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "CREATE TRIGGER \"~first_state\"",
      to: "CREATE TRIGGER \"first_state\""
    }],
    test: killed("hands/triggers", " before an insert: ")
  },
  {
    name: "a-lock-for-each-queue",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "hashtext(q) & 255 AS slot",
      to: "hashtext(q) AS slot"
    }],
    test: killed("hands/enqueue", "adds to 60,000 queues in one transaction")
  },
  {
    name: "notifies-whatever-the-setting",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "IF (SELECT notify FROM settings) THEN",
      to: "IF true THEN"
    }],
    test: killed("hands/twoPhase", "can be prepared when nothing notifies")
  }
]
