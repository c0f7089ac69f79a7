/**
 * The loop of a worker: it claims as long as there is room, and waits for changes, until the worker
 * is to end.
 */
import { Effect } from "effect"
import { nextStep } from "../../domain/StopMode.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import type * as Changes from "./Changes.ts"
import type * as ClaimLoop from "./ClaimLoop.ts"
import type * as Heartbeat from "./Heartbeat.ts"
import type * as JobRunner from "./JobRunner.ts"
import type * as Shutdown from "./Shutdown.ts"

interface Parts {
  readonly worker: { readonly queues: ReadonlyArray<string> }
  readonly runs: JobRunner.JobRunner
  readonly claims: Effect.Success<ReturnType<typeof ClaimLoop.make>>
  readonly heartbeat: Heartbeat.Heartbeat
  readonly shutdown: Shutdown.Shutdown
  readonly changes: Changes.Changes
}

/** Claims again and again until nothing is left to do. */
export const work = Effect.fnUntraced(
  function*({ changes, claims, heartbeat, runs, shutdown, worker }: Parts) {
    const repo = yield* JobRepo
    let hasUnstarted = true
    while (true) {
      const mode = shutdown.mode()
      const step = nextStep({ mode, running: runs.count(), hasUnstarted })
      if (step === "end") return
      if (step === "wait") {
        const left = shutdown.graceLeft()
        if (left <= 0) return
        yield* left === Infinity ? changes.next : Effect.timeoutOption(changes.next, left)
        continue
      }
      // A job that is claimed now could not start.
      if (runs.wants().limit === 0 || !heartbeat.isTrusted()) {
        yield* changes.next
        continue
      }
      const round = yield* claims.round
      hasUnstarted ||= round?.hasFound === true
      // The claim has forgotten a wake-up that came before it began.
      if (shutdown.mode() !== mode) continue
      const isDraining = mode === "drain"
      if (round?.mayFindMore === true || (isDraining && round?.hasFound === true)) continue
      if (isDraining && round?.hasFound === false && runs.count() === 0) {
        hasUnstarted = yield* Effect.orElseSucceed(repo.hasUnstarted(worker.queues), () => true)
        if (!hasUnstarted) continue
      }
      yield* claims.pause({ isDraining, longest: isDraining ? "200 millis" : "5 seconds" })
    }
  }
)
