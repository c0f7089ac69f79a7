/**
 * Keeps a worker alive in the store, and says whether it may still take its leases for its own.
 */
import { type Cause, Duration, Effect, Fiber } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { renewEvery, retryEvery, trustedFor, watchEvery } from "../../domain/Lease.ts"
import { type Watch, Watchdog } from "../../services/Watchdog.ts"
import { type NewWorker, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as EventLog from "../effects/EventLog.ts"
import { jittered } from "../effects/Jitter.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as LogFields from "./LogFields.ts"

export type Heartbeat = Effect.Success<ReturnType<typeof make>>

export interface Events {
  /** The leases may no longer be the worker's: nobody else can have them yet. */
  readonly onExpired: Effect.Effect<void>
  /** The store had taken the worker for dead. */
  readonly onReportedDead: Effect.Effect<void, StoreError>
  readonly onRenewed: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(worker: NewWorker) {
  const lease = Duration.toMillis(worker.lease)
  const registry = yield* WorkerRegistry
  const now = yield* Monotonic.millis
  const watchdog = yield* (yield* Watchdog).watch(worker)
  const { expire, isTrusted, renewedAgo, trustFrom } = makeTrust({ lease, now, watchdog })
  /** How often it has joined. */
  let joined = 0
  let joining: Fiber.Fiber<void, StoreError> | undefined

  const join = Effect.gen(function*() {
    const sentAt = now()
    joining = yield* Effect.forkDetach(registry.join(worker))
    yield* Fiber.join(joining)
    trustFrom(sentAt)
    joined++
  })

  const leave = Effect.gen(function*() {
    if (joining !== undefined) yield* Fiber.await(joining)
    yield* registry.leave(worker.id)
  })

  const renew = Effect.fnUntraced(function*({ onReportedDead, onExpired }: Events) {
    // After a long sleep of the whole process, before it takes itself for alive again.
    yield* expire(onExpired)
    const sentAt = now()
    const joinedBefore = joined
    const isKnown = yield* Effect.timeout(registry.renew(worker.id), renewEvery(lease))
    // A refused claim may have made it join again meanwhile: the answer speaks of the time before.
    if (!isKnown) return yield* joined === joinedBefore ? onReportedDead : Effect.void
    trustFrom(sentAt)
  })

  const turn = Effect.sync(() => watchdog.tick(renewedAgo()))

  const keep = Effect.fnUntraced(function*(events: Events) {
    const renewal = Effect.andThen(renew(events), events.onRenewed)
    const watch = Effect.andThen(turn, expire(events.onExpired))
    yield* Effect.forkScoped(repeatedlyRenew(renewal, { lease, isTrusted }))
    yield* turn
    yield* Effect.forkScoped(repeatedlyWatch(watch, lease))
  })

  return {
    /** Whether its leases are certainly its own: false before it has joined. */
    isTrusted,
    join,
    /**
     * Signs off. A request to join outlives the one who gave up waiting for its answer, and must
     * not arrive later than this one.
     */
    leave,
    /** Renews until the scope ends. */
    keep
  }
})

/** Whether the leases are certainly the worker's own, by the renewals that have succeeded. */
const makeTrust = ({ lease, now, watchdog }: {
  readonly lease: number
  readonly now: () => number
  readonly watchdog: Watch
}) => {
  let renewedAt = -Infinity
  let hasExpired = false

  const renewedAgo = () => now() - renewedAt
  const isTrusted = () =>
    renewedAgo() < trustedFor(lease) || watchdog.renewedAgo() < trustedFor(lease)

  return {
    renewedAgo,
    isTrusted,
    /** A renewal, or a request to join, that was sent at this time has succeeded. */
    trustFrom: (sentAt: number): void => {
      renewedAt = sentAt
      hasExpired = false
    },
    /** Once, when it is not trusted any more. */
    expire: Effect.fnUntraced(function*(onExpired: Events["onExpired"]) {
      if (hasExpired || isTrusted()) return
      hasExpired = true
      yield* onExpired
    })
  }
}

/** Begins when a renewal is due. */
const repeatedlyRenew = <R>(
  renewal: Effect.Effect<void, StoreError | Cause.TimeoutError, R>,
  { isTrusted, lease }: { readonly lease: number; readonly isTrusted: () => boolean }
) =>
  renewal.pipe(
    Effect.as(renewEvery(lease)),
    Effect.catch((error) =>
      Effect.andThen(
        EventLog.warning("heartbeat.failed", {
          text: `heartbeat failed: ${error.message}; renewing again soon`,
          fields: LogFields.ofError(error, "renew")
        }),
        jittered(retryEvery(lease, isTrusted()))
      )
    ),
    restartOnDefect("renewing", retryEvery(lease, true)),
    Effect.flatMap((wait) => Effect.sleep(wait)),
    Effect.forever,
    Effect.delay(renewEvery(lease))
  )

const repeatedlyWatch = <R>(look: Effect.Effect<void, never, R>, lease: number) =>
  look.pipe(
    restartOnDefect("watching the lease", watchEvery(lease)),
    Effect.delay(watchEvery(lease)),
    Effect.forever
  )
