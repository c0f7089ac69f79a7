/**
 * All children of a supervisor at once: killed, or asked for their status.
 */
import { Deferred, Effect } from "effect"
import * as EventLog from "../../layers/effects/EventLog.ts"
import type { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as Log from "../Log.ts"
import type * as Child from "./Child.ts"

/**
 * Kills the children that have not received the cancel request: a handler may block a child's
 * thread for ever. The others end by themselves.
 */
export const killDeaf = (children: Set<Child.Child>) =>
  Effect.suspend(() => {
    const deaf = Array.from(children)
      .filter(({ cancelling }) => !Deferred.isDoneUnsafe(cancelling))
    return Effect.forEach(deaf, (child) => {
      child.signal("SIGKILL")
      return EventLog.warning("child.killed", {
        text: `process ${child.pid} did not receive the request to stop; killed it`,
        fields: { worker: child.workerId }
      })
    })
  })

/** Kills all children before an exit at once, and gives their jobs back. */
export const killAll = (
  children: Set<Child.Child>,
  registry: Effect.Effect<WorkerRegistry["Service"]>
) =>
  Effect.gen(function*() {
    const all = Array.from(children)
    all.forEach((child) => child.signal("SIGKILL"))
    if (all.length === 0) return
    const { reportDead } = yield* registry
    yield* Effect.forEach(
      all,
      (child) => Effect.andThen(Deferred.await(child.ended), reportDead(child.workerId)),
      { concurrency: "unbounded", discard: true }
    )
  }).pipe(Effect.timeoutOption("3 seconds"), Effect.ignoreCause)

/** The status of each child, in the child's own words. */
export const status = (children: Set<Child.Child>) =>
  Effect.suspend(() => {
    children.forEach((child) => child.signal("SIGUSR1"))
    const pids = Array.from(children, ({ pid }) => pid).join(", ")
    return Log.print([`pgq ${process.pid}: over ${children.size} processes: ${pids || "none yet"}`])
  })
