/**
 * The attributes of a database in spans.
 */
import type { PgClient } from "@effect/sql-pg"
import { Redacted } from "effect"

/** The schema, and the server as far as the client's settings name it. */
export const attributes = (
  schema: string,
  { host, port, url }: PgClient.PgClientConfig
): Readonly<Record<string, unknown>> => {
  const text = url === undefined ? "" : Redacted.value(url)
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  const address = host ?? (parsed?.hostname || undefined)
  return {
    "pgq.schema": schema,
    ...(address === undefined ? {} : {
      "server.address": address,
      "server.port": Number(port ?? (parsed?.port || defaultPort))
    })
  }
}

const defaultPort = 5432
