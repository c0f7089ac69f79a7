/**
 * The mechanisms of the protocol, each taken out in turn. The order check is not among them: only a
 * queue of hundreds of lanes needs it, which `test/soak/overtaken.test.ts` has.
 */
import type { Mutant } from "./Mutant.ts"

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "no marker for new jobs",
    functions: ["announce"],
    from: "IF is_keyed THEN",
    to: "IF false THEN"
  },
  {
    name: "no internal lock of a queue",
    functions: ["lock_claims"],
    from: "PERFORM pg_advisory_xact_lock(class, lock);",
    to: "NULL;"
  },
  {
    name: "a rescue takes the leases of the living",
    functions: ["abandoned_leases"],
    from: "WHERE w.id = holder.id",
    to: "WHERE false"
  },
  {
    name: "no marker for a job that comes back undone",
    functions: ["put_back", "give_back"],
    from: "PERFORM mark_lanes(",
    to: "PERFORM jsonb_build_array("
  },
  {
    name: "a settlement is fenced by the job's state alone",
    functions: ["take_completed"],
    from: "INTERSECT SELECT unnest(l.job_ids)",
    to: ""
  },
  {
    name: "no head index and no lock on lanes",
    functions: ["lock_stripes"],
    from: "PERFORM pg_advisory_xact_lock(class, stripe);",
    to: "NULL;",
    and: "DROP INDEX pgq.jobs_head"
  },
  {
    name: "no lock on lanes",
    functions: ["lock_stripes"],
    from: "PERFORM pg_advisory_xact_lock(class, stripe);",
    to: "NULL;"
  },
  {
    name: "no marker for what people change",
    functions: ["mark_changed", "mark_deleted"],
    from: "serialization_key IS NOT NULL",
    to: "false"
  },
  {
    name: "an overtaken head keeps the head",
    functions: ["order_lanes"],
    from: "demoted := demote_heads(q, keys);",
    to: ""
  },
  {
    name: "no second look at the leases",
    functions: ["pick"],
    from: "IF leased_now <> leased THEN",
    to: "IF false THEN"
  },
  {
    name: "a settlement does not lock its leases",
    functions: ["settle"],
    from: "ORDER BY leases.id FOR UPDATE",
    to: "ORDER BY leases.id"
  },
  {
    name: "a rescue locks neither the leases it takes nor their jobs",
    functions: ["give_back_some", "give_back"],
    from: "FOR UPDATE SKIP LOCKED",
    to: ""
  },
  {
    name: "a suspect is claimed along with others",
    functions: ["pick"],
    from: "AND crash_count = 0 AND",
    to: "AND"
  },
  {
    name: "a settlement that is sent again is refused",
    functions: ["settle_again"],
    from: "WHERE NOT lost.id NOT IN",
    to: "WHERE true OR lost.id NOT IN"
  },
  {
    name: "a reconciliation takes what the worker knows",
    functions: ["reconcile"],
    from: "id NOT IN (SELECT unnest(known))",
    to: "true"
  },
  {
    name: "a released job has used an attempt",
    functions: ["put_back"],
    from: "IF cardinality(ids) = 0 THEN",
    to: "UPDATE jobs SET failures = failures + 1 WHERE id = ANY (undone) AND id <> ALL (ids); " +
      "IF cardinality(ids) = 0 THEN"
  },
  {
    name: "a producer does not say that it has added",
    functions: ["wake"],
    from: "PERFORM pg_advisory_xact_lock_shared(",
    to: "PERFORM jsonb_build_array("
  },
  {
    name: "a claim that finds nothing does not fall asleep",
    functions: ["claim"],
    from: "IF was_asleep = has_found THEN",
    to: "IF false THEN"
  },
  {
    name: "a leaving worker keeps its leases",
    functions: ["leave"],
    from: "handed_back := give_back_some(",
    to: "DELETE FROM workers WHERE id = worker; is_done := true; handed_back := 0; RETURN; " +
      "handed_back := give_back_some("
  },
  {
    name: "no marker for a job that comes due",
    functions: ["make_ready"],
    from: "FROM changed WHERE serialization_key IS NOT NULL",
    to: "FROM changed WHERE false"
  },
  {
    name: "a settled job takes the head with it",
    functions: ["pass_on"],
    from: "make_heads(q, lanes) > 0",
    to: "false"
  },
  {
    name: "a job that waits for its next try does not hold its lane",
    functions: ["choose_heads"],
    from: "head.state IN ('ready', 'retry')",
    to: "head.state = 'ready'"
  },
  {
    name: "the rest of a run stays when its job goes back",
    functions: ["take_others"],
    from: "IF is_keyed AND cardinality(undone) > 0 THEN",
    to: "IF false THEN"
  },
  {
    name: "a claim does not look at the leases",
    functions: ["pick"],
    from: "NOT IN (SELECT unnest(leased))",
    to: "IS NOT NULL"
  }
]
