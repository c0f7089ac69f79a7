/**
 * The problems of jobs: lanes that wait for a person, names that fail, jobs that may kill workers.
 */
import * as Count from "./Count.ts"
import type { Limits } from "./Limits.ts"
import type { Overview, QueueOverview } from "./Overview.ts"
import type { Weighed } from "./Problem.ts"
import * as ShellText from "./ShellText.ts"

export const of = (overview: Overview, limits: Limits): ReadonlyArray<Weighed> => [
  ...overview.queues.flatMap((queue) => blocked(queue, overview.blockedLanes)),
  ...overview.ends.names.flatMap((name) => failing(name, overview.ends.seconds, limits)),
  ...overview.suspects.map(suspect)
]

const blocked = (
  { blocked, queue }: QueueOverview,
  lanes: Overview["blockedLanes"]
): ReadonlyArray<Weighed> => {
  if (blocked === null || blocked.value === 0) return []
  const first = lanes.find((lane) => lane.queue === queue)
  const many = blocked.value > 1
  return [{
    code: "LaneBlocked",
    severity: "bad",
    text: `${Count.text(blocked)} ${many ? "lanes" : "lane"} of ${queue} ` +
      `${many ? "are" : "is"} blocked` +
      (first === undefined ? "" : `${many ? ", one" : ""} by job ${first.job}, ${first.name}`),
    evidence: {
      queue,
      lanes: blocked.value,
      job: first?.job ?? null,
      key: first?.key ?? null,
      error: first?.error ?? null
    },
    next: first === undefined
      ? `pgq why --queue ${ShellText.word(queue)}`
      : `pgq retry ${first.job}, or pgq discard ${first.job}`,
    weight: blocked.value
  }]
}

/** Without a history of completed jobs only the number of failures counts. */
const failing = (
  { completed, failed, name, queue }: Overview["ends"]["names"][number],
  seconds: number,
  limits: Limits
): ReadonlyArray<Weighed> => {
  const share = completed === null ? undefined : failed / (failed + completed)
  const isFew = share !== undefined && share <= limits.failureShare
  if (isFew || failed <= limits.failuresPerMinute * seconds / 60) return []
  const rate = share === undefined ? "" : ` ${Math.round(100 * share)} %`
  return [{
    code: "FailureRate",
    severity: "bad",
    text: `${name} fails${rate}: ${failed} in the last ${Math.round(seconds)}s`,
    evidence: { queue, name, failed, completed, seconds },
    next: `pgq failed --name ${ShellText.word(name)} --since 10m`,
    weight: failed
  }]
}

/** One death may be chance; after the second the job runs beside no other suspect. */
const suspect = ({ deaths, id, name, queue }: Overview["suspects"][number]): Weighed => ({
  code: "PoisonSuspects",
  severity: deaths > 1 ? "bad" : "notice",
  text: `job ${id}, ${name}, was there when ${
    deaths === 1 ? "a worker" : `${deaths} workers`
  } died`,
  evidence: { id, queue, name, deaths },
  next: `pgq why ${id}, or pgq discard ${id}`,
  weight: deaths
})
