/**
 * The functions of the schema that one task of a role needs, each by itself and what it calls.
 */

/** The steps of an offer. */
export const offering = [
  "add_all",
  "add_offers",
  "change_holder",
  "count_by_hand",
  "draw_ids",
  "fit_key",
  "fit_offers",
  "is_taken",
  "lease_of",
  "lend",
  "offer",
  "offer_all",
  "offer_apart",
  "offer_at_once",
  "offer_many",
  "offer_one",
  "offer_or_leave",
  "offer_within",
  "refuse_as_kept",
  "require_read_committed",
  "run_by_hand",
  "take_hold",
  "try_to_offer",
  "unique_key"
]

/** The questions why a job waits. */
export const asking = [
  "first_line",
  "next_of_queue",
  "ready_since",
  "reasons_of",
  "why",
  "why_aside",
  "why_behind",
  "why_ended",
  "why_expiring",
  "why_held",
  "why_in_line",
  "why_later",
  "why_leased",
  "why_locked",
  "why_paused",
  "why_queue",
  "why_slow",
  "why_unclaimed"
]

/** The looks at jobs that somebody watches. */
export const watching = ["job_log", "states_of"]

/** The steps of a cancel that run with the rights of its caller. */
export const cancelling = [
  "await_ends",
  "begin_step",
  "cancel",
  "cancel_some",
  "end_step",
  "end_waiting",
  "ended_as",
  "ends_of",
  "hold_job",
  "lease_of",
  "lock_jobs",
  "mark_lanes",
  "move_to_history",
  "notify_wake",
  "refuse_if_kept",
  "request_cancel",
  "require_read_committed",
  "take_each",
  "take_one",
  "tell_awaited",
  "try_to_cancel",
  "wake"
]

/** The other steps by which an operator changes jobs, beside those that a cancel has, too. */
export const changing = [
  "add_copies",
  "discard",
  "discard_held",
  "edit",
  "edit_held",
  "insert_again",
  "job_like",
  "redrive",
  "redrive_all",
  "redrive_each",
  "refuse_as_missing",
  "retry",
  "retry_as_new",
  "retry_failed",
  "start_now",
  "try_to_change"
]

/** The steps of a pause. */
export const pausing = ["check_pause", "pause", "paused_names", "resume"]

/** The steps that add up what workers report. */
export const figuring = [
  "add_arrays",
  "adding_up",
  "count_queue",
  "figures_due",
  "forget_figures",
  "latency_of",
  "queues_left",
  "queues_to_sample",
  "roll_up",
  "sample"
]

/** The step that sets an objective of a queue. */
export const aiming = ["check_pause", "set_objective"]

/** The step that asks a worker to stop. */
export const stopping = ["ask_to_stop"]

/** The series of charts. */
export const charting = ["series_of", "sums_of"]

/** The steps of the view `queue_health`. */
export const seeing = [
  "count_queue",
  "health_of",
  "latency_of",
  "queues_left",
  "queues_seen",
  "queues_to_sample"
]

/** The steps that make and drop days of history. */
export const history = [
  "prune_completed",
  "prune_failed",
  "prune_dropped",
  "prune_runs",
  "prune_logs"
]

/** The steps of an operation, beside those of single jobs that it takes. */
export const operating = [
  "act_on",
  "act_on_each",
  "fingerprint",
  "hold_jobs",
  "image_of",
  "jobs_to_plan",
  "last_end",
  "plan_operation",
  "run_operation",
  "steer_operation",
  "take_action",
  "try_to_undo",
  "undo_change",
  "undo_end",
  "undo_operation",
  "undo_redrive"
]
