/**
 * The rights of four roles, named after the schema. `PgRolesScript` creates the roles.
 *
 * This table alone gives rights, so each new table and function needs a line here or in `PgSteps`.
 */
import {
  aiming,
  asking,
  cancelling,
  changing,
  charting,
  figuring,
  history,
  offering,
  operating,
  pausing,
  seeing,
  stopping,
  watching
} from "./PgSteps.ts"

export interface Rights {
  /** By table or view; `jobs (id)` is one column. */
  readonly relations: Readonly<Record<string, ReadonlyArray<Privilege>>>
  readonly sequences: "usable" | "readable" | "hidden"
  readonly functions: ReadonlyArray<string>
}

export type Privilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE"

export type Role = "producer" | "worker" | "operator" | "reader"

const all = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const

/** The columns of a new job that a producer may set. An offered job brings its id. */
const choices = "jobs (id, name, payload, serialization_key, priority, run_at, expires_at, " +
  "queue, max_attempts, unique_key, traceparent)"

/** The columns by which an offer finds the job that holds its key. */
const found = "jobs (id, name, unique_key, queue, run_at, created_at)"

/** The columns that an offer changes of such a job. */
const replaced =
  "jobs (payload, priority, run_at, expires_at, max_attempts, failures, crash_count, " +
  "unhandled_count, snooze_count, error, unique_key, traceparent)"

/** The columns of a job that reports the failure of another one. */
const reported = "jobs (name, queue, expires_at, payload)"

const producer: Rights = {
  relations: {
    [choices]: ["INSERT"],
    [found]: ["SELECT"],
    [replaced]: ["UPDATE"],
    "leases (id, queue, first_id, last_id, job_ids)": ["SELECT"],
    holds: all,
    receipts: ["SELECT", "INSERT"],
    migrations: ["SELECT"]
  },
  sequences: "hidden",
  functions: ["enqueue", "add_job", ...offering]
}

const reader: Rights = {
  relations: {
    failure_reports: ["SELECT"],
    jobs: ["SELECT"],
    job_states: ["SELECT"],
    queue_health: ["SELECT"],
    finished_jobs: ["SELECT"],
    completed_jobs: ["SELECT"],
    failed_jobs: ["SELECT"],
    dropped_jobs: ["SELECT"],
    runs: ["SELECT"],
    pulses: ["SELECT"],
    minutes: ["SELECT"],
    hours: ["SELECT"],
    samples: ["SELECT"],
    results: ["SELECT"],
    awaited: ["SELECT"],
    log_lines: ["SELECT"],
    progress: ["SELECT"],
    leases: ["SELECT"],
    cancel_requests: ["SELECT"],
    expiries: ["SELECT"],
    pauses: ["SELECT"],
    queues: ["SELECT"],
    set_aside: ["SELECT"],
    workers: ["SELECT"],
    past_workers: ["SELECT"],
    dirty_lanes: ["SELECT"],
    holds: ["SELECT"],
    withdrawals: ["SELECT"],
    receipts: ["SELECT"],
    settings: ["SELECT"],
    migrations: ["SELECT"],
    operations: ["SELECT"],
    operation_items: ["SELECT"]
  },
  sequences: "readable",
  functions: ["ends_of", ...asking, ...charting, ...seeing, ...watching]
}

export const roles: Readonly<Record<Role, Rights>> = {
  producer,
  worker: {
    relations: {
      jobs: ["SELECT", "UPDATE", "DELETE"],
      [reported]: ["INSERT"],
      failure_reports: all,
      job_states: ["SELECT"],
      finished_jobs: ["SELECT", "INSERT"],
      runs: ["SELECT", "INSERT"],
      pulses: ["SELECT", "INSERT", "DELETE"],
      minutes: all,
      hours: all,
      samples: ["SELECT", "INSERT", "DELETE"],
      results: all,
      awaited: all,
      log_lines: ["SELECT", "INSERT"],
      progress: all,
      leases: all,
      cancel_requests: ["SELECT", "DELETE"],
      completions: ["SELECT", "INSERT", "DELETE"],
      expiries: all,
      pauses: ["SELECT", "UPDATE", "DELETE"],
      set_aside: all,
      workers: all,
      past_workers: ["SELECT", "INSERT", "DELETE"],
      dirty_lanes: all,
      holds: ["SELECT", "UPDATE", "DELETE"],
      receipts: ["SELECT", "DELETE"],
      settings: ["SELECT"],
      migrations: ["SELECT"],
      operations: ["SELECT", "DELETE"],
      operation_items: ["SELECT", "DELETE"]
    },
    sequences: "usable",
    functions: [
      "abandoned_leases",
      "add_suspects",
      "admit",
      "any_due",
      "begin_step",
      "busy_queues",
      "claim",
      "demote_heads",
      "note_late",
      "drop_markers",
      "end_expired",
      "end_requested",
      "end_step",
      "end_together",
      "end_workers",
      "expire",
      "move_to_history",
      "forget",
      "forget_holds",
      "forget_requests",
      "forget_results",
      "forget_progress",
      "forget_awaited",
      "forget_operations",
      "await_ends",
      "tell_awaited",
      "forget_workers",
      "give_back",
      "give_back_some",
      "make_heads",
      "choose_heads",
      "count_by_hand",
      "count_crash",
      "failure_of",
      "has_unannounced",
      "lock_jobs",
      "heal_lanes",
      "heed_requests",
      "jobs_below",
      "rest_of_lanes",
      "lane_stripe",
      "lanes_passed_by",
      "leave",
      "lend",
      "lock_claims",
      "lock_queues",
      "lock_to_settle",
      "lock_stripes",
      "row_locked",
      "make_ready",
      "mark_forgotten",
      "mark_lanes",
      "mark_passed_by",
      "next_lanes",
      "next_unpaused",
      "notify_wake",
      "order_each",
      "order_lanes",
      "open_queues",
      "paused_names",
      "pass_heads_on",
      "pick",
      "pick_above",
      "pick_suspects",
      "promote",
      "put_back",
      "reconcile",
      "record_runs",
      "keep_results",
      "ends_of",
      ...watching,
      ...charting,
      ...figuring,
      "ready_since",
      "refuse_if_kept",
      "report_blocked",
      "report_failures",
      "require_read_committed",
      "report",
      "rescue",
      "set_paused_aside",
      "settle",
      "settle_again",
      "settled",
      "take_by_turns",
      "take_completed",
      "take_jobs",
      "take_markers",
      "take_others",
      "unpause",
      "wake",
      ...history
    ]
  },
  operator: {
    relations: {
      ...reader.relations,
      jobs: all,
      awaited: ["SELECT", "INSERT", "UPDATE"],
      finished_jobs: ["SELECT", "INSERT"],
      "finished_jobs (redriven_at)": ["UPDATE"],
      dirty_lanes: ["SELECT", "INSERT"],
      holds: all,
      pauses: all,
      queues: all,
      set_aside: ["SELECT", "DELETE"],
      "workers (asked)": ["UPDATE"],
      receipts: ["SELECT", "INSERT"],
      settings: ["SELECT", "UPDATE"],
      operations: ["SELECT", "INSERT", "UPDATE"],
      operation_items: ["SELECT", "INSERT", "UPDATE"]
    },
    sequences: "readable",
    functions: [
      ...producer.functions,
      ...history,
      ...aiming,
      ...asking,
      ...cancelling,
      ...changing,
      ...charting,
      ...operating,
      ...pausing,
      ...seeing,
      ...stopping,
      ...watching
    ]
  },
  reader
}

export const names = Object.keys(roles) as ReadonlyArray<Role>

export const nameOf = (schema: string, role: Role): string => `${schema}_${role}`

/** Functions of pgq that are called only by triggers and by other functions of the owner. */
export const internal: ReadonlyArray<string> = [
  "add_days",
  "announce",
  "clear_leases",
  "complete_at_commit",
  "drop_other",
  "end_of",
  "keep_days",
  "lend_settings",
  "mark_changed",
  "mark_deleted",
  "mend",
  "refuse_leased",
  "set_first_state",
  "set_next_state",
  "take_settings",
  "wake_all",
  "withdraw"
]
