/**
 * Mutants of cancels, and of the steps that must heed them.
 */
import { histories, model, type Mutant, test } from "./Mutant.ts"

const cancels = (name: string) => test("interleaving/cancels", name)
const requests = (name: string) => test("interleaving/cancelRequests", name)
const running = (name: string) => test("engine/running/cancels", name)

const control = { file: "sql/0013_control.sql" }

export const ofCancels: ReadonlyArray<Mutant> = [
  {
    name: "cancel-does-not-lock-the-lease",
    of: "lockOfCancel",
    changes: [{
      ...control,
      functions: ["request_cancel"],
      from: "PERFORM FROM leases WHERE id = asked FOR UPDATE;",
      to: "NULL;"
    }],
    by: [
      cancels("waits for a settlement that puts the job back"),
      histories,
      model("lane", "NJ=2 CANCELS=1 RETRIES=1 NO_CANCEL_LOCK", "violated")
    ]
  },
  {
    name: "settlement-ignores-a-cancel",
    of: "requests",
    changes: [{
      file: "sql/0005_settle.sql",
      functions: ["take_others"],
      from: "IF EXISTS (SELECT FROM cancel_requests WHERE lease_id = ANY (their)) THEN",
      to: "IF false THEN"
    }],
    by: [
      requests("is heeded by a settlement that waited for it"),
      histories,
      model("lane", "NJ=2 RUN=1 CANCELS=1 RETRIES=1 NO_HEED", "violated")
    ]
  },
  {
    name: "rest-of-a-run-ignores-its-cancel",
    of: "requests",
    changes: [{
      file: "sql/0005_settle.sql",
      functions: ["heed_requests"],
      from: "WHERE own.id = ANY (their) AND r.job_id = ANY (own.job_ids)",
      to: "WHERE false"
    }],
    by: [
      requests("of a job that goes back with another one of its lane"),
      histories,
      model("lane", "NJ=2 RUN=1 CANCELS=1 RETRIES=1 NO_REST", "violated")
    ]
  },
  {
    name: "rescue-ignores-a-cancel",
    of: "requests",
    changes: [{
      file: "sql/0006_maintenance.sql",
      functions: ["give_back"],
      from: "WHERE lease_id = l.id AND job_id = ANY (l.job_ids)",
      to: "WHERE false"
    }],
    by: [
      requests("which ends the job, and no other"),
      histories,
      model("lane", "NJ=2 CANCELS=1 STALLS=1 NO_HEED_RESCUE", "violated")
    ]
  },
  {
    name: "no-marker-after-a-cancelled-head",
    of: "markerOfCancelled",
    changes: [{
      ...control,
      functions: ["end_waiting"],
      from: "PERFORM mark_lanes(q, ARRAY[job]);",
      to: "NULL;"
    }],
    by: [
      cancels("of a head that waits lets the next job of its lane start"),
      histories,
      model("lane", "NJ=2 CANCELS=1 RETRIES=1 NO_CANCEL_MARK", "stuck")
    ]
  },
  {
    name: "change-looks-once-at-the-leases",
    of: "secondLookByHand",
    changes: [{
      ...control,
      functions: ["hold_job"],
      from: "IF FOUND AND lease_of(q, job) IS NULL THEN",
      to: "IF FOUND THEN"
    }],
    by: [
      cancels("of a job that a claim is taking"),
      test("interleaving/edits", "a claim of a lane, an edit waits, and leaves the job"),
      histories,
      model("lane", "NJ=2 RUN=1 CANCELS=1 NO_CANCEL_LOOK", "violated")
    ]
  },
  {
    name: "cancel-waits-for-each-job-that-is-held",
    of: "boundOfCancel",
    changes: [{
      ...control,
      from: "    waits := waits AND answer.outcome IS DISTINCT FROM 'held';\n",
      to: ""
    }],
    by: [cancels("waits half a second for jobs that people hold")]
  },
  {
    name: "cancel-interrupts-what-began-meanwhile",
    of: "statesOfCancel",
    changes: [{
      ...control,
      from: "ELSIF NOT 'running' = ANY (states) THEN",
      to: "ELSIF false THEN"
    }],
    by: [cancels("leaves alone a job that a claim is taking")]
  },
  {
    name: "requests-are-never-forgotten",
    of: "endOfRequests",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "dropped, forget_requests(), forget_holds(),",
      to: "dropped, forget_holds(),"
    }],
    by: [requests("that is forgotten when its job has left the lease")]
  },
  {
    name: "no-notification-of-a-cancel",
    of: "wordOfCancel",
    changes: [{ ...control, from: "PERFORM notify_wake('cancel:' || worker);", to: "" }],
    by: [running("is over at once where its worker listens")]
  },
  {
    name: "renewal-does-not-tell-of-cancels",
    of: "wordOfCancel",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "hasCancels: renewed?.has_cancels === true",
      to: "hasCancels: false"
    }],
    by: [running("is over after a renewal where nothing is notified")]
  }
]
