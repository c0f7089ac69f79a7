/**
 * The answers of a worker to the machine that runs it: whether it has started, whether it takes
 * part in the work, and whether it has to be started again.
 */
import type { WorkerHealth } from "./WorkerHealth.ts"

export const probes = ["startup", "ready", "live"] as const

export type Probe = (typeof probes)[number]

/** One thing that a probe looks at. */
export interface ProbeCheck {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** Seconds since the fact was learned, where it has an age. */
  readonly age?: number | undefined
}

/** The answer of a probe: "ok" if all that it looks at is well. */
export interface ProbeReport {
  readonly status: "ok" | "failing"
  readonly checks: ReadonlyArray<ProbeCheck>
}

export const reportOf = (checks: ReadonlyArray<ProbeCheck>): ProbeReport => ({
  status: checks.every(({ ok }) => ok) ? "ok" : "failing",
  checks
})

/** The answer of a worker that has registered. */
export const ofWorker = (probe: Probe, health: WorkerHealth): ProbeReport => {
  switch (probe) {
    case "startup":
      return reportOf([...started("worker"), claimed(health)])
    case "ready":
      return reportOf([stopping(health), leases(health), store(health)])
    case "live":
      return reportOf([claimLoop(health)])
  }
}

/** The step of its start that a process is at. */
export type StartStep = "schema" | "handlers" | "worker"

/** The answer of a process that has no worker yet. It lives, or a slow start would end it. */
export const ofStart = (probe: Probe, step: StartStep): ProbeReport =>
  probe === "live"
    ? reportOf([{ name: "start", ok: true, detail: `the process starts: ${step}` }])
    : reportOf(
      started(step).concat({
        name: step === "worker" ? "registration" : step,
        ok: false,
        detail: waitsFor[step]
      })
    )

const waitsFor: Readonly<Record<StartStep, string>> = {
  schema: "the database has not answered, or its schema is not checked",
  handlers: "the job script has not loaded",
  worker: "the worker has not registered"
}

const started = (step: StartStep): ReadonlyArray<ProbeCheck> => [
  ...(step === "schema" ? [] : [{ name: "schema", ok: true, detail: "fits" }]),
  ...(step === "worker" ? [{ name: "handlers", ok: true, detail: "loaded" }] : [])
]

const claimed = ({ hasClaimed }: WorkerHealth): ProbeCheck => ({
  name: "claim",
  ok: hasClaimed,
  detail: hasClaimed ? "answered" : "the first claim has no answer yet"
})

const stopping = ({ hasEnded, stopping }: WorkerHealth): ProbeCheck => ({
  name: "running",
  ok: stopping === undefined && !hasEnded,
  detail: hasEnded
    ? "the worker has ended"
    : stopping === undefined
    ? "works"
    : `stops: ${stopping}`
})

const leases = ({ isTrusted, renewedAgo }: WorkerHealth): ProbeCheck => ({
  name: "lease",
  ok: isTrusted,
  detail: isTrusted ? "renewed" : "not renewed in time: other workers may have its jobs",
  ...ageOf(renewedAgo)
})

const store = ({ answeredAgo, silenceMax }: WorkerHealth): ProbeCheck => {
  const ok = answeredAgo < silenceMax
  return {
    name: "database",
    ok,
    detail: ok ? "answers" : "does not answer",
    ...ageOf(answeredAgo)
  }
}

/** Never asks whether the database answers: an outage must not start all workers again. */
const claimLoop = ({ hasEnded, turnedAgo, waitsFor }: WorkerHealth): ProbeCheck => {
  const ok = hasEnded || waitsFor !== undefined || turnedAgo < stillMax
  return {
    name: "claims",
    ok,
    detail: hasEnded
      ? "the worker has ended"
      : waitsFor === undefined
      ? ok ? "go on" : "the loop that claims jobs is stuck"
      : waitsFor === "work"
      ? "wait for work"
      : "wait for the database",
    ...ageOf(turnedAgo)
  }
}

/** Milliseconds. The loop that claims jobs goes on many times in this time, or waits. */
export const stillMax = 60_000

const ageOf = (millis: number): { readonly age?: number } =>
  Number.isFinite(millis) ? { age: Math.round(millis) / 1000 } : {}

/** One of the processes of a supervisor, and its last answer. */
export interface ProcessReport {
  readonly process: string
  readonly report: ProbeReport | undefined
  /** Milliseconds since the answer. */
  readonly answeredAgo: number
}

/**
 * The answer of a supervisor for its processes. It lives if it can answer at all, as it starts
 * processes that crash anew; it has started and is ready if one of them has or is.
 */
export const ofProcesses = (
  probe: Probe,
  processes: ReadonlyArray<ProcessReport>
): ProbeReport => {
  const checks = processes.map(({ answeredAgo, process, report }): ProbeCheck => {
    const ok = report?.status === "ok" && answeredAgo < answerAgeMax
    const failing = report?.checks.find((check) => !check.ok)
    return {
      name: process,
      ok,
      detail: ok ? "ok" : failing === undefined ? "does not answer" : failing.detail,
      ...ageOf(answeredAgo)
    }
  })
  const ok = probe === "live" || checks.some((check) => check.ok)
  return { status: ok ? "ok" : "failing", checks }
}

/** Milliseconds. A process may compute for so long without an answer. */
const answerAgeMax = 15_000
