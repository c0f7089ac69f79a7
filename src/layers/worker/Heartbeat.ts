/**
 * Renews a worker's leases, and tells whether the worker may still trust them.
 */
import { type Cause, Duration, Effect, Fiber } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { renewEvery, retryEvery, trustedFor, watchEvery } from "../../domain/Lease.ts"
import type { StopMode } from "../../domain/StopMode.ts"
import type { Vitals } from "../../domain/Vitals.ts"
import { type Watch, Watchdog } from "../../services/Watchdog.ts"
import { type NewWorker, type Renewal, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as EventLog from "../effects/EventLog.ts"
import { jittered } from "../effects/Jitter.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as LogFields from "./LogFields.ts"

export type Heartbeat = Effect.Success<ReturnType<typeof make>>

export interface Events {
  /** Whether the worker was asked to stop. */
  readonly isStopping: () => boolean
  /** How the worker's process does, if it is time to tell. */
  readonly vitals: () => Vitals | undefined
  /** The leases may have expired. Other workers cannot have the jobs yet. */
  readonly onExpired: Effect.Effect<void>
  /** The store has reported this worker dead. */
  readonly onReportedDead: Effect.Effect<void, StoreError>
  readonly onRenewed: Effect.Effect<void>
  /** Somebody has cancelled jobs that are leased to this worker. */
  readonly onCancels: Effect.Effect<void>
  /** There are pauses, which may concern jobs of this worker. */
  readonly onPauses: Effect.Effect<void>
  /** An operator has asked this worker to stop, perhaps some renewals ago. */
  readonly onAsked: (mode: StopMode) => Effect.Effect<void>
  /** A renewal has succeeded since `isTrusted` last answered false. */
  readonly onTrustedAgain: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(worker: NewWorker) {
  const lease = Duration.toMillis(worker.lease)
  const registry = yield* WorkerRegistry
  const now = yield* Monotonic.millis
  const watchdog = yield* (yield* Watchdog).watch(worker)
  const trust = makeTrust({ lease, now, watchdog })
  const { expire, isTrusted, lastRenewedAgo, renewedAgo, takeDoubt, trustFrom } = trust
  /** How often the worker has registered. */
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

  const renew = Effect.fnUntraced(function*(events: Events) {
    // Checked first: the whole process may have slept for longer than the lease.
    yield* expire(events.onExpired)
    const sentAt = now()
    const joinedBefore = joined
    const asked = registry.renew(worker.id, stateOf(events))
    const renewal = yield* Effect.timeout(asked, renewEvery(lease))
    // After a refused claim the worker may have registered again. The answer then concerns the time
    // before.
    const isThisLife = joined === joinedBefore
    if (!renewal.isKnown) return yield* isThisLife ? events.onReportedDead : Effect.void
    trustFrom(sentAt)
    yield* pass(renewal, events)
    // A request is for the life that it was made in.
    if (isThisLife && renewal.asked !== undefined) yield* events.onAsked(renewal.asked)
  })

  const turn = Effect.sync(() => watchdog.tick(renewedAgo()))

  const keep = Effect.fnUntraced(function*(events: Events) {
    const renewal = Effect.gen(function*() {
      yield* renew(events)
      yield* events.onRenewed
      if (takeDoubt()) yield* events.onTrustedAgain
    })
    const watch = Effect.andThen(turn, expire(events.onExpired))
    yield* Effect.forkScoped(repeatedlyRenew(renewal, { lease, isTrusted }))
    yield* turn
    yield* Effect.forkScoped(repeatedlyWatch(watch, lease))
  })

  return {
    /** Whether the leases certainly belong to the worker; `false` before it has registered. */
    isTrusted,
    /** The milliseconds since the last renewal that succeeded was sent. */
    renewedAgo: lastRenewedAgo,
    join,
    /**
     * Signs off. A request to register may outlive the fiber that sent it, and must not arrive
     * later than the sign-off.
     */
    leave,
    /** Renews until the scope ends. */
    keep
  }
})

const stateOf = ({ isStopping, vitals }: Events) => ({ isStopping: isStopping(), vitals: vitals() })

/** Passes on what a renewal has learned. */
const pass = ({ hasCancels, hasPauses }: Renewal, { onCancels, onPauses }: Events) =>
  Effect.andThen(hasCancels ? onCancels : Effect.void, hasPauses ? onPauses : Effect.void)

/** Whether the leases certainly belong to the worker, judged by its successful renewals. */
const makeTrust = ({ lease, now, watchdog }: {
  readonly lease: number
  readonly now: () => number
  readonly watchdog: Watch
}) => {
  let renewedAt = -Infinity
  let hasExpired = false
  /** Whether anybody was told that the leases are not trusted. */
  let isDoubted = false

  const renewedAgo = () => now() - renewedAt
  const lastRenewedAgo = () => Math.min(renewedAgo(), watchdog.renewedAgo())
  const isTrusted = () => {
    const answer = lastRenewedAgo() < trustedFor(lease)
    isDoubted ||= !answer
    return answer
  }

  return {
    renewedAgo,
    lastRenewedAgo,
    isTrusted,
    /** Whether `isTrusted` has answered false since the last call. */
    takeDoubt: (): boolean => {
      const was = isDoubted
      isDoubted = false
      return was
    },
    /** A renewal or registration that was sent at this time has succeeded. */
    trustFrom: (sentAt: number): void => {
      renewedAt = sentAt
      hasExpired = false
    },
    /** Runs `onExpired` once when the trust has ended. */
    expire: Effect.fnUntraced(function*(onExpired: Events["onExpired"]) {
      if (hasExpired || isTrusted()) return
      hasExpired = true
      yield* onExpired
    })
  }
}

/** Begins when the first renewal is due. */
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
