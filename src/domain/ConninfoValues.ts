/**
 * Connection parameters that each have one value and do not depend on each other.
 */
import { Duration, Redacted } from "effect"
import { type Name, type Parameters, shown } from "./ConninfoParameters.ts"

export interface Values {
  /** Whether the hosts are tried in random order. */
  readonly isShuffled: boolean
  readonly target: Target
  readonly password: Redacted.Redacted | undefined
  /** The limit for each host. */
  readonly connectTimeout: Duration.Duration
  /** After this much silence the system checks whether the connection is alive. */
  readonly keepAlive: Duration.Duration | undefined
  readonly applicationName: string
  /** In the form of the server's command line. */
  readonly options: string | undefined
  readonly settings: Readonly<Record<string, string>>
  /** `false` for poolers that give each transaction another connection. */
  readonly prepare: boolean
  /** The parameters without the secrets, and the names of the files that were read. */
  readonly given: Parameters
}

export const targets = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby"
] as const
export type Target = typeof targets[number]

export const valuesOf = (given: Parameters): Values => {
  const seconds = Number(given.connect_timeout || 5)
  return {
    isShuffled: given.load_balance_hosts === "random",
    target: targets.find((target) => target === given.target_session_attrs) ?? "any",
    password: given.password ? Redacted.make(given.password) : undefined,
    connectTimeout: seconds <= 0 ? Duration.infinity : Duration.seconds(seconds),
    keepAlive: given.keepalives === "0" ? undefined : keepAlive(Number(given.keepalives_idle || 0)),
    applicationName: given.application_name || given.fallback_application_name || "pgq",
    options: given.options || undefined,
    settings: Object.fromEntries(
      sessionSettings.flatMap((name) => given[name] ? [[name, given[name]]] : [])
    ),
    prepare: given.prepare !== "false",
    given: settled(given)
  }
}

const settled = (given: Parameters): Parameters => {
  const {
    passfile: _,
    password: __,
    service: ___,
    servicefile: ____,
    sslpassword: _____,
    ...rest
  } = given
  return rest
}

/** The parameters that libpq passes on to the session. */
const sessionSettings = ["datestyle", "timezone", "geqo"] as const

/** Linux's own default is two hours. */
const keepAlive = (seconds: number): Duration.Duration =>
  Duration.seconds(seconds > 0 ? seconds : 7200)

/** An error message for the first invalid value. */
export const issueOf = (given: Parameters): string | undefined => {
  for (const [name, pattern, expected] of shapes) {
    const value = given[name]
    if (value && !pattern.test(value)) return `${name}${shown(value)} ${expected}`
  }
  return undefined
}

const oneOf = (name: Name, ...words: ReadonlyArray<string>) =>
  [name, new RegExp(`^(?:${words.join("|")})$`), `is not one of ${words.join(", ")}`] as const

const noReplication = "is not supported: pgq needs sessions that run SQL"
const shapes: ReadonlyArray<readonly [name: Name, pattern: RegExp, expected: string]> = [
  ["connect_timeout", /^\s*[+-]?\d{1,9}\s*$/, "is not a number of seconds"],
  ["keepalives_idle", /^\s*[+-]?\d{1,9}\s*$/, "is not a number of seconds"],
  ["prepare", /^(?:true|false)$/, "is neither true nor false"],
  ["client_encoding", /^(?:utf-?8|unicode|auto)$/i, "is not supported: pgq speaks UTF8"],
  ["replication", /^(?:false|off|no|0)$/i, noReplication],
  [
    "gssencmode",
    /^(?:disable|prefer)$/,
    "is not supported: pgq has no GSSAPI; disable and prefer are"
  ],
  ["min_protocol_version", /^3\.0$/, "is not supported: pgq speaks 3.0"],
  ["max_protocol_version", /^(?:3\.[02]|latest)$/, "is not one of 3.0, 3.2, latest"],
  oneOf("target_session_attrs", ...targets),
  oneOf("load_balance_hosts", "disable", "random"),
  oneOf("keepalives", "0", "1"),
  oneOf("sslnegotiation", "postgres", "direct"),
  oneOf("sslcertmode", "disable", "allow", "require"),
  oneOf("sslsni", "0", "1"),
  oneOf("sslcompression", "0", "1"),
  oneOf("channel_binding", "disable", "prefer", "require")
]
