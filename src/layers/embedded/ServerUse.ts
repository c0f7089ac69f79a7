/**
 * The users of the embedded server. Each process holds an advisory lock in it, which ends with the
 * process. The last process to leave stops the server.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, type Redacted } from "effect"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import { storeError } from "../postgres/PgError.ts"

export interface Use {
  /**
   * Whether no other process uses the server. If so, none can begin to use it. `None` if the server
   * does not answer in time.
   */
  readonly leave: Effect.Effect<Option.Option<boolean>>
}

/** Begins to use the server; answers `None` if the server is about to be stopped. */
export const enter = Effect.fnUntraced(
  function*({ url }: { readonly dataDir: string; readonly url: Redacted.Redacted }) {
    const client = yield* Layer.build(PgClient.layer({ url, maxConnections: 1 }))
    const connection = yield* Context.get(client, PgClient.PgClient).reserve
    const ask = (call: string) =>
      Effect.map(
        connection.executeValuesUnprepared(`SELECT ${call}(${lock})`, []),
        ([row]) => row?.[0] === true
      )
    const leave = Effect.andThen(
      ask("pg_advisory_unlock_shared"),
      ask("pg_try_advisory_lock")
    ).pipe(Effect.timeout(patience), Effect.option)
    const use: Use = { leave }
    return (yield* ask("pg_try_advisory_lock_shared")) ? Option.some(use) : Option.none()
  },
  (effect, { dataDir }) =>
    Effect.timeoutOption(effect, patience).pipe(
      Effect.map(Option.flatten),
      Effect.catch((error) => {
        const { code, detail } = storeError("use")(error)
        return isGoing(code ?? "")
          ? Effect.succeedNone
          : new EmbeddedServerFailed({ detail: `cannot use the server in ${dataDir}: ${detail}` })
      })
    )
)

/** The codes that a stopping server or the system answers with; a lost connection has no code. */
const isGoing = (code: string): boolean =>
  code.startsWith("57P0") || ["", "ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE"].includes(code)

/** An advisory lock in the database `postgres` of pgq's own server: the letters `pgq` and `use`. */
const lock = 0x706771_757365

const patience = "5 seconds"
