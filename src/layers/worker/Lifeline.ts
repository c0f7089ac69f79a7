/**
 * Keeps a worker alive in the store, and says whether it may still take its leases for its own.
 */
import { Duration, Effect, Fiber } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { renewEvery, retryEvery, trustedFor, watchEvery } from "../../domain/Lease.ts"
import { type NewWorker, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { keepGoing } from "../effects/KeepGoing.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { varied } from "../effects/Varied.ts"
import * as LogFields from "./LogFields.ts"

export type Lifeline = Effect.Success<ReturnType<typeof make>>

export interface Events {
  /** The leases may no longer be the worker's: nobody else can have them yet. */
  readonly onExpired: Effect.Effect<void>
  /** The store had taken the worker for dead. */
  readonly onBuried: Effect.Effect<void, StoreError>
  readonly onRenewed: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(worker: NewWorker) {
  const lease = Duration.toMillis(worker.lease)
  const registry = yield* WorkerRegistry
  const now = yield* Monotonic.millis
  const standIn = yield* registry.standIn(worker)

  let renewedAt = -Infinity
  let hasExpired = false
  /** How often it has joined. */
  let joined = 0
  let joining: Fiber.Fiber<void, StoreError> | undefined

  const isTrusted = () =>
    now() - renewedAt < trustedFor(lease) || standIn.renewedAgo() < trustedFor(lease)

  const join = Effect.gen(function*() {
    const sentAt = now()
    joining = yield* Effect.forkDetach(registry.join(worker))
    yield* Fiber.join(joining)
    renewedAt = sentAt
    hasExpired = false
    joined++
  })

  const leave = Effect.suspend(() =>
    Effect.andThen(
      joining === undefined ? Effect.void : Fiber.await(joining),
      registry.leave(worker.id)
    )
  )

  const keep = Effect.fnUntraced(function*({ onBuried, onExpired, onRenewed }: Events) {
    const expire = Effect.gen(function*() {
      if (hasExpired || isTrusted()) return
      hasExpired = true
      yield* onExpired
    })
    const renew = Effect.gen(function*() {
      // After a long sleep of the whole process, before it takes itself for alive again.
      yield* expire
      const sentAt = now()
      const joinedBefore = joined
      const isKnown = yield* Effect.timeout(registry.renew(worker.id), renewEvery(lease))
      // A refused claim may have made it join again meanwhile: the answer speaks of the time
      // before.
      if (!isKnown) return yield* joined === joinedBefore ? onBuried : Effect.void
      renewedAt = sentAt
      hasExpired = false
    })

    yield* renew.pipe(
      Effect.andThen(onRenewed),
      Effect.as(renewEvery(lease)),
      Effect.catch((error) =>
        Effect.andThen(
          Effect.logWarning(`could not renew, which is tried again soon: ${error.message}`).pipe(
            Effect.annotateLogs(LogFields.ofError(error, "renew"))
          ),
          varied(retryEvery(lease, isTrusted()))
        )
      ),
      keepGoing("renewing", retryEvery(lease, true)),
      Effect.flatMap((wait) => Effect.sleep(wait)),
      Effect.forever,
      Effect.delay(renewEvery(lease)),
      Effect.forkScoped
    )
    const turn = Effect.sync(() => standIn.turn(now() - renewedAt))
    yield* turn
    yield* Effect.andThen(turn, expire).pipe(
      keepGoing("watching the lease", watchEvery(lease)),
      Effect.delay(watchEvery(lease)),
      Effect.forever,
      Effect.forkScoped
    )
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
