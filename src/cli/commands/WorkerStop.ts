/**
 * `pgq stop --worker`: asks workers to stop through the database, wherever they run.
 */
import { Effect } from "effect"
import { Flag } from "effect/cli"
import type { WorkerOverview } from "../../domain/Overview.ts"
import type { StopMode } from "../../domain/StopMode.ts"
import { Insight } from "../../services/Insight.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import type * as Database from "../Database.ts"
import * as StatusText from "../StatusText.ts"
import * as JobSteps from "./JobSteps.ts"

export const worker = Flag.String("worker").pipe(
  Flag.withMetavar("ID"),
  Flag.withDescription("A worker by its id, as HOST:PID, or by its label; needs no pid file"),
  Flag.optional
)

export const yes = JobSteps.yes("With --worker: do stop several workers of this label")

/** Asks the worker to stop, or each worker of the label, and prints a line for it. */
export const ask = (
  { mode, name, yes }: { readonly name: string; readonly mode: StopMode; readonly yes: boolean },
  given: Parameters<typeof Database.layer>[0]
) =>
  Effect.gen(function*() {
    const workers = yield* Insight.use((insight) => insight.workers)
    const named = workers.filter(({ host, id, label, pid }) =>
      [id, `${host}:${pid}`, label].includes(name)
    )
    if (named.length === 0) return refused(`no worker has the id, place or label ${name}`)
    if (named.length > 1 && !yes) {
      return refused(`${named.length} workers are ${name}: to stop all of them, add --yes`)
    }
    const lines = yield* Effect.forEach(named, (worker) => asked(worker, mode))
    return { text: lines.map(StatusText.printable).join("\n"), isDone: true }
  }).pipe(
    (work) => JobSteps.onDatabase(work, given),
    Effect.flatMap(JobSteps.say)
  )

const refused = (text: string): JobSteps.Said => ({
  text: StatusText.printable(text),
  isDone: false
})

const asked = ({ host, id, label, pid }: WorkerOverview, mode: StopMode) =>
  Effect.map(
    JobAdmin.use((admin) => admin.stopWorker(id, mode)),
    (answer) =>
      `${label} ${host}:${pid} ` +
      (answer === "not found" ? "has ended" : `${answer} to stop: ${mode}`)
  )
