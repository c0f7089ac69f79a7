/**
 * A connection of its own that listens to one channel.
 */
import { type PgClient, PgConnection } from "@effect/sql-pg"
import { Effect, Queue, Scope } from "effect"
import { bounds } from "../effects/Deadline.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** Listens until the scope closes. */
export const open = Effect.fnUntraced(function*(sql: PgClient.PgClient, { channel, name }: {
  readonly channel: string
  /** Named after this, the connection can be told from others. */
  readonly name: string
}) {
  // Closed after the connection, because UNLISTEN on a closed connection asks the server nothing.
  const listening = yield* Scope.fork(yield* Effect.scope)
  const connection = yield* PgConnection.make({
    ...sql.config,
    applicationName: `${sql.config.applicationName ?? "pgq"} ${name}`
  })
  const pinned = yield* Scope.provide(connection.pin, listening)
  const notifications = yield* heard(Scope.provide(pinned.listen(channel), listening))
  return {
    /** Gives each message to `hear`, and never ends. */
    forward: <E, R>(hear: (payload: string) => Effect.Effect<unknown, E, R>) =>
      Queue.take(notifications).pipe(
        Effect.flatMap(({ payload }) => hear(payload)),
        Effect.forever
      ),
    /** Fails if the connection is lost. */
    check: heard(pinned.query("SELECT 1", []))
  }
})

const heard = withTimeout("listen", bounds.listen)
