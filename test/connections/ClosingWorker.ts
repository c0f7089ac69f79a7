/**
 * Workers whose ends can be watched, and a check of how long a worker takes to close.
 */
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import {
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Redacted,
  Scope
} from "effect"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import * as SomeHandlers from "../support/SomeHandlers.ts"

/** A worker in a scope of its own, and the lines that it logs. */
export const worker = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never, never, PgClient.PgClient>,
  options: QueueLive.Options & {
    readonly url: string
    readonly pool: number
    readonly name?: string
    readonly prepare?: boolean | undefined
  }
) {
  const { name = "pgq", pool, prepare, url, ...queue } = options
  const lines: Array<string> = []
  const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
  const client = yield* Layer.buildWithScope(
    Layer.fresh(PgClient.layer({
      url: Redacted.make(url),
      applicationName: name,
      prepare,
      maxConnections: pool
    })),
    scope
  )
  const { jobs, layer } = yield* SomeHandlers.of(handlers).pipe(
    Effect.provideContext(client),
    Scope.provide(scope)
  )
  const context = yield* Layer.buildWithScope(
    QueueLive.layer({ ...queue, jobs }).pipe(
      Layer.provide(layer),
      Layer.provide(Layer.succeedContext(client)),
      Layer.provide(Logger.layer([Logger.make(({ logLevel, message }) => {
        if (logLevel !== "Debug") {
          lines.push(`${logLevel} ${[message].flat().map(String).join(" ")}`)
        }
      })])),
      Layer.fresh
    ),
    scope
  )
  return { lines, scope, control: Context.get(context, WorkerControl) }
})

/** Closes a scope, and checks that this takes no longer than the grace and 5 seconds. */
export const closesInTime = Effect.fnUntraced(function*(
  scope: Scope.Closeable,
  grace: Duration.Input
) {
  const from = yield* Clock.monotonicTimeNanos
  // A close cannot be interrupted.
  const closing = yield* Effect.forkDetach(Scope.close(scope, Exit.void))
  yield* Effect.timeoutOption(Fiber.join(closing), "20 seconds")
  const seconds = Number((yield* Clock.monotonicTimeNanos) - from) / 1e9
  assert.isAtMost(seconds, Duration.toSeconds(Duration.fromInputUnsafe(grace)) + 5)
})
