/**
 * The handle of one worker: its stop, its end, and what it says of itself.
 */
import { Clock, Deferred, Duration, Effect } from "effect"
import { trustedFor } from "../../domain/Lease.ts"
import type { WorkerHealth } from "../../domain/WorkerHealth.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import type { NewWorker } from "../../services/WorkerRegistry.ts"
import type { Heartbeat } from "./Heartbeat.ts"
import type { JobRunner } from "./JobRunner.ts"
import type { LoopWatch } from "./LoopWatch.ts"
import type { Shutdown } from "./Shutdown.ts"
import type { Tallies } from "./Tallies.ts"

interface Parts {
  readonly worker: Pick<NewWorker, "concurrency" | "lease" | "queues">
  readonly runs: JobRunner
  readonly shutdown: Shutdown
  readonly heartbeat: Heartbeat
  readonly watch: LoopWatch
  readonly tallies: Tallies
}

export const of = Effect.fnUntraced(function*(parts: Parts, mode: string) {
  const { heartbeat, runs, shutdown, tallies, worker } = parts
  const clock = yield* Clock.Clock
  const startedAt = clock.currentTimeMillisUnsafe()
  return WorkerControl.of({
    stop: (asked) => Effect.sync(() => shutdown.stop(asked)),
    ended: Deferred.await(shutdown.ended),
    status: Effect.sync(() => ({
      uptime: Duration.millis(clock.currentTimeMillisUnsafe() - startedAt),
      queues: worker.queues,
      mode,
      stopping: shutdown.mode(),
      hasSignedOff: shutdown.hasSignedOff(),
      concurrency: worker.concurrency,
      running: runs.running().map(({ age, fraction, isStuck, job }) => ({
        id: job.id,
        name: job.name,
        key: job.key,
        age: Duration.millis(age),
        isStuck,
        fraction
      })),
      prefetched: runs.backlogSize(),
      ...runs.tally
    })),
    health: Effect.sync(() => healthOf(parts)),
    figures: tallies.figures(() => ({
      slots: worker.concurrency,
      running: runs.count() - runs.backlogSize(),
      waiting: runs.backlogSize(),
      renewedAgo: heartbeat.renewedAgo()
    }))
  })
})

const healthOf = ({ heartbeat, shutdown, watch, worker }: Parts): WorkerHealth => {
  const lease = Duration.toMillis(worker.lease)
  const renewedAgo = heartbeat.renewedAgo()
  return {
    hasClaimed: watch.hasClaimed,
    stopping: shutdown.mode(),
    hasEnded: Deferred.isDoneUnsafe(shutdown.ended),
    isTrusted: renewedAgo < trustedFor(lease),
    renewedAgo,
    answeredAgo: watch.answeredAgo,
    // A worker that is full asks the store for nothing but its renewals.
    silenceMax: Math.max(silenceMax, lease),
    turnedAgo: watch.turnedAgo,
    waitsFor: watch.waitsFor
  }
}

const silenceMax = 15_000
