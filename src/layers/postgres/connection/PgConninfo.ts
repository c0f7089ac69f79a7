/**
 * A connection string as the driver's configuration.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Redacted, Result } from "effect"
import { complete, type Conninfo, format, isPlain, parse } from "../../../domain/Conninfo.ts"
import { socketPath } from "../../../domain/ConninfoHosts.ts"
import * as PgTransport from "./PgTransport.ts"

export const clientConfig = (conninfo: Conninfo): PgClient.PgClientConfig => ({
  ...wayTo(conninfo),
  username: conninfo.user,
  database: conninfo.dbname,
  applicationName: conninfo.applicationName,
  startupOptions: conninfo.options,
  startupParameters: conninfo.settings,
  prepare: conninfo.prepare,
  connectTimeout: patience(conninfo)
})

/**
 * The connection string for another thread, which cannot be given a function; `undefined` if the
 * driver connects by itself.
 */
export const textOf = ({ stream }: PgClient.PgClientConfig): string | undefined => {
  const conninfo = PgTransport.conninfoOf(stream)
  return conninfo && Redacted.value(format(conninfo))
}

/** The configuration for a complete connection string. */
export const configOf = (text: string) =>
  Result.map(
    Result.flatMap(
      parse(text, "conninfo"),
      ({ given }) => complete(given, { setting: "conninfo", user: "", host: () => "localhost" })
    ),
    clientConfig
  )

/** The time that all servers may take in turn, and a moment for the error message. */
export const patience = (conninfo: Conninfo): Duration.Duration => {
  const { connectTimeout, hosts, target } = conninfo
  if (isPlain(conninfo)) return connectTimeout
  const rounds = target === "prefer-standby" ? 2 : 1
  return Duration.sum(Duration.times(connectTimeout, hosts.length * rounds), Duration.seconds(1))
}

const wayTo = (conninfo: Conninfo): PgClient.PgClientConfig => {
  const [first, ...others] = conninfo.hosts
  if (first === undefined || others.length > 0 || !isPlain(conninfo)) {
    return {
      stream: PgTransport.make(conninfo),
      ssl: false,
      host: conninfo.hosts.map(({ host }) => host).join(",")
    }
  }
  return {
    host: first.hostaddr ?? first.host,
    port: first.port,
    path: socketPath(first),
    ssl: false,
    password: conninfo.password,
    keepAlive: conninfo.keepAlive
  }
}
