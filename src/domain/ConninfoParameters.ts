/**
 * The parameters of connection strings, services and the environment: supported, refused by name,
 * or ignored with a warning.
 */
import { Result } from "effect"
import type { Pair } from "./ConninfoText.ts"

/**
 * The supported parameters, each with its environment variable. The variable counts if the text
 * does not set the parameter.
 */
export const variables = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  service: "PGSERVICE",
  servicefile: "PGSERVICEFILE",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  connect_timeout: "PGCONNECT_TIMEOUT",
  application_name: "PGAPPNAME",
  fallback_application_name: undefined,
  client_encoding: "PGCLIENTENCODING",
  options: "PGOPTIONS",
  datestyle: "PGDATESTYLE",
  timezone: "PGTZ",
  geqo: "PGGEQO",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  load_balance_hosts: "PGLOADBALANCEHOSTS",
  keepalives: undefined,
  keepalives_idle: undefined,
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslpassword: undefined,
  sslcertmode: "PGSSLCERTMODE",
  sslcrl: "PGSSLCRL",
  sslsni: "PGSSLSNI",
  sslcompression: "PGSSLCOMPRESSION",
  ssl_min_protocol_version: "PGSSLMINPROTOCOLVERSION",
  ssl_max_protocol_version: "PGSSLMAXPROTOCOLVERSION",
  channel_binding: "PGCHANNELBINDING",
  require_auth: "PGREQUIREAUTH",
  gssencmode: "PGGSSENCMODE",
  min_protocol_version: "PGMINPROTOCOLVERSION",
  max_protocol_version: "PGMAXPROTOCOLVERSION",
  replication: undefined,
  prepare: "PGQ_PREPARE"
} as const

export type Name = keyof typeof variables
export type Parameters = { readonly [Of in Name]?: string }

/** libpq's parameters that pgq does not support, each with its variable and the reason. */
export const refused: Readonly<
  Record<string, readonly [variable: string | undefined, why: string]>
> = {
  requirepeer: ["PGREQUIREPEER", "Node cannot ask who serves a socket"],
  krbsrvname: ["PGKRBSRVNAME", "pgq has no GSSAPI"],
  gsslib: ["PGGSSLIB", "pgq has no GSSAPI"],
  gssdelegation: ["PGGSSDELEGATION", "pgq has no GSSAPI"],
  sslcrldir: ["PGSSLCRLDIR", "Node reads one file of revoked certificates; name it as sslcrl"],
  sslkeylogfile: [undefined, "pgq does not write down keys"],
  scram_client_key: [undefined, "pgq takes a password"],
  scram_server_key: [undefined, "pgq takes a password"],
  oauth_issuer: [undefined, "pgq has no OAuth"],
  oauth_client_id: [undefined, "pgq has no OAuth"],
  oauth_client_secret: [undefined, "pgq has no OAuth"],
  oauth_scope: [undefined, "pgq has no OAuth"]
}

/** libpq's parameters for facilities that Node does not offer. */
export const withoutEffect: Readonly<Record<string, string | undefined>> = {
  keepalives_interval: undefined,
  keepalives_count: undefined,
  tcp_user_timeout: undefined,
  localedir: "PGLOCALEDIR"
}

/**
 * Parameters that hosting platforms and other programs add to their URLs. They mean nothing to pgq.
 */
const ofOthers: ReadonlySet<string> = new Set(
  [
    // Prisma
    "schema connection_limit pool_timeout pgbouncer sslaccept sslidentity socket_timeout",
    "statement_cache_size single_use_connections max_connection_lifetime",
    "max_idle_connection_lifetime",
    // Supabase, Vercel, Cockroach, Yugabyte
    "supa workaround pooled cluster load_balance topology_keys",
    // node-postgres
    "uselibpqcompat max min idleTimeoutMillis connectionTimeoutMillis",
    // JDBC
    "currentSchema ApplicationName prepareThreshold reWriteBatchedInserts sslfactory loggerLevel",
    "tcpKeepAlive loginTimeout socketTimeout",
    // Rails, Django, SQLAlchemy, Ecto
    "pool pool_size encoding reaping_frequency prepared_statements conn_max_age",
    "prepared_statement_cache_size async_fallback",
    // Go
    "pool_max_conns pool_min_conns pool_max_conn_lifetime pool_max_conn_idle_time",
    "pool_health_check_period default_query_exec_mode statement_cache_capacity",
    "description_cache_capacity statement_cache_mode binary_parameters"
  ].flatMap((names) => names.split(" "))
)

export interface Sorted {
  readonly given: Parameters
  /** Warnings about ignored parameters. */
  readonly remarks: ReadonlyArray<string>
}

export const sort = (pairs: ReadonlyArray<Pair>): Result.Result<Sorted, string> => {
  const at = pairs.findIndex(([name]) => !isKnown(name))
  if (at !== -1) {
    const [name = ""] = pairs[at] ?? []
    const why = refused[name]?.[1]
    if (why !== undefined) return Result.fail(`${name} is not supported: ${why}`)
    // After a password, this word may be the part of the password that follows a space.
    const slip = pairs[at - 1]?.[0] === "password" ? "" : shown(name)
    return Result.fail(`unknown parameter${slip}; known are those of libpq, and prepare`)
  }
  // Without this check, the password would be taken for a part of the value and printed with it.
  const joined = pairs.find(([name, value]) =>
    !name.endsWith("password") && /(?:word|pwd)=/i.test(value)
  )
  if (joined !== undefined) {
    return Result.fail(`${joined[0]} has a password in its value; ${separators}`)
  }
  return Result.succeed({ given: givenBy(pairs), remarks: remarksOn(pairs) })
}

/** A value that is not a plain word or number may be a misplaced password, so it is not printed. */
export const shown = (text: string | undefined): string =>
  text !== undefined && /^[\w.+-]+$/.test(text) ? ` "${text}"` : ""

const separators = "parameters are separated by spaces, and by & in a URL"

const isHonoured = (name: string): boolean => Object.hasOwn(variables, name)

const isKnown = (name: string): boolean =>
  isHonoured(name) || Object.hasOwn(withoutEffect, name) || ofOthers.has(name)

const isPooled = ([name, value]: Pair): boolean => name === "pgbouncer" && value === "true"

const givenBy = (pairs: ReadonlyArray<Pair>): Parameters => ({
  // A transaction pooler gives each transaction another connection.
  ...(pairs.some(isPooled) ? { prepare: "false" } : {}),
  ...Object.fromEntries(pairs.filter(([name]) => isHonoured(name)))
})

const remarksOn = (pairs: ReadonlyArray<Pair>): ReadonlyArray<string> => {
  const names = new Set(pairs.filter((pair) => !isPooled(pair)).map(([name]) => name))
  const foreign = Array.from(names).filter((name) => ofOthers.has(name))
  const idle = Array.from(names).filter((name) => Object.hasOwn(withoutEffect, name))
  return [
    ...(foreign.length === 0 ? [] : [`ignores ${foreign.join(", ")}, which other programs read`]),
    ...(idle.length === 0 ? [] : [`${idle.join(", ")} has no effect under Node`]),
    ...(pairs.some(isPooled) ? ["takes pgbouncer=true as prepare=false"] : [])
  ]
}
