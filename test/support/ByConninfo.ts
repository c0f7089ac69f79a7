/**
 * Clients from connection strings, as the command line makes them.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import * as Conninfo from "../../src/domain/Conninfo.ts"
import * as PgConninfo from "../../src/layers/postgres/connection/PgConninfo.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"

export const conninfo = (text: string) =>
  Result.getOrThrow(
    Result.flatMap(
      Conninfo.parse(text, "-c"),
      ({ given }) => Conninfo.complete(given, { setting: "-c", user: "me", host: () => "none" })
    )
  )

/** Runs the Effect with a client for this connection string. */
export const at = <A, E>(
  text: string,
  effect: Effect.Effect<A, E, PgClient.PgClient | SqlClient.SqlClient>
) => Effect.provide(effect, PgClient.layer(PgConninfo.clientConfig(conninfo(text))))

export const ask = (text: string) =>
  at(
    text,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql<
        { readonly ssl: boolean; readonly port: number; readonly who: string }
      >`
        SELECT ssl, inet_server_port() AS port, current_user::text AS who
        FROM pg_stat_ssl WHERE pid = pg_backend_pid()
      `
      return row
    })
  ).pipe(Effect.mapError((error) => storeError("ask")(error).message))

export const isEncrypted = (text: string) => Effect.map(ask(text), (row) => row?.ssl)
export const refusal = (text: string) => Effect.flip(ask(text))
