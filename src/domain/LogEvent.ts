/**
 * The names of the events in pgq's log. A name is stable: operators filter and alert by it, whereas
 * the text of a line may change. docs/reference/logs.md is made from this list.
 */

/** Each event with its meaning, in the order of the documentation. */
export const events = {
  "worker.started": "The worker has registered and claims jobs.",
  "worker.stopped": "The process has stopped as it was asked to.",
  "worker.crashed": "A defect ended the worker's loop; the worker stops.",
  "worker.reported-dead":
    "The database had given this worker's jobs to others: the worker registers again.",
  "worker.killed": "A run is stuck, and `onStuck` says that the process is killed for it.",
  "worker.all-await":
    "The handlers in all slots wait for other jobs, which perhaps no other worker runs. Said once.",
  "worker.sign-off-failed": "A stopping worker could not sign off. It tries again for 10 seconds.",
  "worker.sign-off-abandoned":
    "A worker stopped without signing off. Its jobs run again when its lease has expired.",
  "stop.requested": "A signal, the supervisor or an operator asked the worker to stop.",
  "stop.at-once": "A further signal ends the process at once.",

  "claim.failed": "The database refused a claim or did not answer. The worker claims again soon.",
  "lease.expired": "The worker could not renew in time, and has interrupted its runs.",
  "lease.lost": "Leases of this worker are gone. Their runs are interrupted, their jobs run again.",
  "lease.reconciled": "The worker gave back jobs of a claim whose answer was lost.",
  "heartbeat.failed": "A renewal failed. The worker renews again soon.",
  "watchdog.failed": "The watchdog's thread has ended, or could not start.",

  "job.retried": "A run failed; the job runs again after a delay.",
  "job.failed": "A run failed, and no attempt is left.",
  "job.blocked": "A run failed, and the job blocks its lane until an operator acts.",
  "job.snoozed": "A run came too early; the job runs again after a delay, and no attempt is used.",
  "job.cancelled": "A run ended because nobody wants its job any more.",
  "job.result-invalid": "A job has completed, but its value cannot be stored.",
  "job.failed-late":
    "A handler failed after a transaction of its own had completed the job, which stays completed.",
  "job.stuck": "A run goes on long after pgq has interrupted it. It keeps its slot and its lease.",
  "job.unhandled": "This worker has no handler for the job's name. The job waits.",
  "job.failures-omitted": "More runs failed than the log shows.",
  "job.rule-failed": "A rule for errors threw or answered with nonsense. The run is tried again.",
  "progress.invalid": "A handler has reported progress that cannot be kept. Its run goes on.",
  "report.failed": "The database refused the reports of runs or figures, or did not answer.",
  "job.left-behind": "The handler did not stop within the grace. The job runs again elsewhere.",

  "settle.failed": "The database refused settlements or did not answer.",
  "settle.row-locked": "Another transaction locks rows of settled jobs. The worker tries again.",
  "settle.too-late": "The worker stopped before it could record settlements. The jobs run again.",

  "loop.crashed": "A defect ended a background loop. The loop starts again after a pause.",
  "slot.crashed": "A defect ended a slot between two jobs. Another slot replaces it.",
  "maintenance.failed": "A maintenance step failed. It runs again later.",
  "listen.failed": "LISTEN failed. Until it works, workers wake up by the clock alone.",

  "schema.migrated": "Migrations were applied, or there were none to apply.",
  "schema.renamed": "The functions of a renamed schema were pointed to the new name.",
  "setting.remark": "A setting was ignored or has an unexpected effect.",
  "script.loading": "The job script has not finished loading.",
  "script.empty": "The job script registers no handler.",
  "pid-file.replaced": "A stale pid file was replaced.",
  "alive-file.failed": "The file of `--alive-file` cannot be touched. pgq goes on trying.",
  "server.stopped": "The embedded server was stopped, or none was running.",
  "api.changed": "Somebody has changed something through the HTTP API.",
  "metrics.unread":
    "A look at the database for metrics failed. Its metrics are gone until the next that succeeds.",
  "api.failed": "A request to the HTTP API failed, and only an operator can help.",
  "process.crashed": "An uncaught error ends the process.",
  "supervisor.started": "The first child works, and the supervisor starts the others.",
  "child.ended": "A child ended without being asked to. Its jobs are given back.",
  "child.killed": "The supervisor killed a child that did not start or did not stop.",
  "child.report-failed": "The jobs of a dead child could not be given back at once."
} as const

/** The name of an event in the log. */
export type LogEvent = keyof typeof events
