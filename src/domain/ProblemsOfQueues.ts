/**
 * The problems of queues and their workers: nobody works, jobs are late, names have no handler.
 */
import * as Count from "./Count.ts"
import { latencyOf, type Limits } from "./Limits.ts"
import type { Overview, QueueOverview, WorkerOverview } from "./Overview.ts"
import type { Weighed } from "./Problem.ts"
import * as ShellText from "./ShellText.ts"
import * as Span from "./Span.ts"

export const of = (overview: Overview, limits: Limits): ReadonlyArray<Weighed> => [
  ...overview.queues.flatMap((queue) => [
    ...noWorker(queue, limits),
    ...late(queue, limits),
    ...paused(queue, overview.at, limits)
  ]),
  ...overview.workers.flatMap((worker) => frozen(worker, limits)),
  ...overview.unhandled.flatMap((name) => noHandler(name, overview.workers)),
  ...promotionLag(overview, limits)
]

const isEmpty = ({ ready, waiting }: QueueOverview): boolean =>
  (ready?.value ?? 0) + (waiting?.value ?? 0) === 0

/** A worker that has just gone may come back: that is no more than a notice. */
const noWorker = (queue: QueueOverview, limits: Limits): ReadonlyArray<Weighed> => {
  if (queue.workers > 0 || queue.pause !== null || isEmpty(queue)) return []
  const { latency, ready, waiting } = queue
  const jobs = Count.sum([ready ?? Count.exact(0), waiting ?? Count.exact(0)])
  const wait = latency === null || latency === 0 ? "" : `, the first for ${Span.ofSeconds(latency)}`
  return [{
    code: "NoWorker",
    severity: latency !== null && latency <= latencyOf(limits, queue) ? "notice" : "bad",
    text: `nobody works on ${queue.queue}: ${Count.text(jobs)} ${jobsWait(jobs)}${wait}`,
    evidence: { queue: queue.queue, jobs: jobs.value, latency },
    next: `pgq start --queue ${ShellText.word(queue.queue)} -f JOBS`,
    weight: latency ?? 0
  }]
}

const jobsWait = ({ precision, value }: Count.Count): string =>
  value === 1 && precision === "exact" ? "job waits" : "jobs wait"

const late = (queue: QueueOverview, limits: Limits): ReadonlyArray<Weighed> => {
  const { latency, workers } = queue
  const objective = latencyOf(limits, queue)
  if (latency === null || latency <= objective || workers === 0 || queue.pause !== null) return []
  const span = `${Span.ofSeconds(latency)} behind (objective ${Span.ofSeconds(objective)})`
  return [{
    code: "QueueLate",
    severity: "bad",
    text: `${queue.queue} is ${span}`,
    evidence: {
      queue: queue.queue,
      latency,
      objective,
      ready: queue.ready?.value ?? null,
      running: queue.running?.value ?? null,
      slots: queue.slots
    },
    next: `pgq why --queue ${ShellText.word(queue.queue)}`,
    weight: latency / Math.max(objective, 1)
  }]
}

const paused = (
  { pause, queue }: QueueOverview,
  at: string,
  limits: Limits
): ReadonlyArray<Weighed> => {
  if (pause === null || pause.until !== null) return []
  const seconds = (Date.parse(at) - Date.parse(pause.since)) / 1000
  if (seconds < limits.pause) return []
  const why = pause.reason === null ? "" : `: ${pause.reason}`
  return [{
    code: "Paused",
    severity: "notice",
    text: `${queue} is paused since ${Span.ofSeconds(seconds)} ago by ${pause.by}${why}`,
    evidence: { queue, since: pause.since, by: pause.by, reason: pause.reason },
    next: `pgq resume ${ShellText.word(queue)}`,
    weight: seconds
  }]
}

const frozen = (worker: WorkerOverview, limits: Limits): ReadonlyArray<Weighed> => {
  const { host, label, leaseSeconds, pid, renewedSeconds, running } = worker
  if (renewedSeconds <= leaseSeconds * limits.renewal) return []
  return [{
    code: "WorkerFrozen",
    severity: "bad",
    text: `worker ${label} (${host}:${pid}) has not renewed its lease for ` +
      `${Span.ofSeconds(renewedSeconds)}, and has ${running} jobs`,
    evidence: { worker: worker.id, host, pid, renewedSeconds, leaseSeconds, running },
    next: `ps -o pid,stat,etime,args -p ${pid}`,
    weight: renewedSeconds / leaseSeconds
  }]
}

/** A name that a live worker handles by now comes to it with the next try. */
const noHandler = (
  { job, jobs, name, queue }: Overview["unhandled"][number],
  workers: ReadonlyArray<WorkerOverview>
): ReadonlyArray<Weighed> => {
  const handles = workers.some(({ isLive, names, queues }) =>
    isLive && queues.includes(queue) && (names === null || names.includes(name))
  )
  return handles ? [] : [{
    code: "NoHandler",
    severity: "bad",
    text: `no live worker of ${queue} handles ${name}: ${jobs} ${jobs === 1 ? "job" : "jobs"}`,
    evidence: { queue, name, jobs, job },
    next: `pgq why ${job}`,
    weight: jobs
  }]
}

const promotionLag = ({ promotionLag, workers }: Overview, limits: Limits) => {
  if (promotionLag === null || promotionLag <= limits.promotionLag) return []
  const live = workers.filter(({ isLive }) => isLive).length
  const lag: Weighed = {
    code: "PromotionLag",
    severity: "bad",
    text: `due jobs are not made ready, the first for ${Span.ofSeconds(promotionLag)}` +
      (live === 0 ? ": no worker lives" : ""),
    evidence: { seconds: promotionLag, workers: live },
    next: live === 0 ? "pgq start -f JOBS" : "pgq check",
    weight: promotionLag
  }
  return [lag]
}
