/**
 * Where the database is: a libpq string (`dbname=pgq host=/tmp`) or a `postgres://` URL, read into
 * one value, with what libpq would fill in.
 */
import { Duration, Redacted, Result } from "effect"
import { SettingInvalid } from "./Errors.ts"

export interface Conninfo {
  /** A name or address, or a socket directory when it begins with `/` or `@`. */
  readonly host: string
  /** The address to connect to when `host` is only the name to verify. */
  readonly hostaddr: string | undefined
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted | undefined
  readonly dbname: string
  readonly sslmode: SslMode
  readonly connectTimeout: Duration.Duration
  readonly applicationName: string
  /** Off for poolers that hand each transaction another connection. */
  readonly prepare: boolean
}

/** `require` encrypts, `verify-ca` checks the certificate, `verify-full` its name as well. */
export const sslModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full"
] as const
export type SslMode = typeof sslModes[number]

/** What a connection string may say: libpq's names, and `prepare`. */
export const parameters = [
  "host",
  "hostaddr",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "connect_timeout",
  "application_name",
  "prepare"
] as const
export type Parameters = { readonly [Name in typeof parameters[number]]?: string }

/** Reads a libpq string or a URL. `setting` says in errors where the text came from. */
export const parse = (
  text: string,
  setting: string
): Result.Result<Parameters, SettingInvalid> => {
  const pairs = urlPattern.test(text) ? fromUrl(text.trim()) : fromLibpq(text)
  return Result.mapError(
    Result.flatMap(pairs, known),
    (issue) => new SettingInvalid({ setting, issue })
  )
}

/** Fills in what is left open, as libpq does, and checks every value. */
export const complete = (
  given: Parameters,
  defaults: {
    /** Says in errors where the values came from. */
    readonly setting: string
    /** The name of the operating system's user. */
    readonly user: string
    readonly host: string
  }
): Result.Result<Conninfo, SettingInvalid> => {
  const user = given.user || defaults.user
  const port = Number(given.port || 5432)
  const seconds = Number(given.connect_timeout || 5)
  const sslmode = sslModes.find((mode) => mode === (given.sslmode || "disable"))
  const issue = [given.host, given.hostaddr].some((host) => host?.includes(","))
    ? "more than one host is not supported"
    : !Number.isInteger(port) || port < 1 || port > 65535
    ? `port${shown(given.port)} is not a number from 1 to 65535`
    : !Number.isInteger(seconds) || seconds < 0
    ? `connect_timeout${shown(given.connect_timeout)} is not a number of seconds`
    : given.prepare !== undefined && !/^(?:true|false)$/.test(given.prepare)
    ? `prepare${shown(given.prepare)} is neither true nor false`
    : user === ""
    ? "no user is named"
    : undefined
  if (issue !== undefined || sslmode === undefined) {
    return Result.fail(
      new SettingInvalid({
        setting: defaults.setting,
        issue: issue ?? `sslmode${shown(given.sslmode)} is not one of ${sslModes.join(", ")}`
      })
    )
  }
  return Result.succeed({
    host: given.host || given.hostaddr || defaults.host,
    hostaddr: given.hostaddr || undefined,
    port,
    user,
    password: given.password ? Redacted.make(given.password) : undefined,
    dbname: given.dbname || user,
    sslmode,
    connectTimeout: seconds === 0 ? Duration.infinity : Duration.seconds(seconds),
    applicationName: given.application_name || "pgq",
    prepare: given.prepare !== "false"
  })
}

/** The socket's path, where the host is a socket directory. */
export const socketPath = (conninfo: Conninfo): string | undefined => {
  if (conninfo.hostaddr !== undefined || !/^[/@]/.test(conninfo.host)) return undefined
  const path = `${conninfo.host}/.s.PGSQL.${conninfo.port}`
  // A name in Linux's abstract namespace is written with @ and begins with NUL.
  return path.startsWith("@") ? `\0${path.slice(1)}` : path
}

/** For people: everything but the password. */
export const describe = (conninfo: Conninfo): string =>
  formatPairs([
    ["dbname", conninfo.dbname],
    ["host", conninfo.host],
    ["port", String(conninfo.port)],
    ["user", conninfo.user],
    ["sslmode", conninfo.sslmode === "disable" ? undefined : conninfo.sslmode],
    ["prepare", conninfo.prepare ? undefined : "false"]
  ])

/** As a libpq string that `parse` reads back to the same value, password and all. */
export const format = (conninfo: Conninfo): Redacted.Redacted =>
  Redacted.make(formatPairs([
    ["dbname", conninfo.dbname],
    ["host", conninfo.host],
    ["hostaddr", conninfo.hostaddr],
    ["port", String(conninfo.port)],
    ["user", conninfo.user],
    ["password", conninfo.password && Redacted.value(conninfo.password)],
    ["sslmode", conninfo.sslmode],
    ["connect_timeout", timeoutSeconds(conninfo.connectTimeout)],
    ["application_name", conninfo.applicationName],
    ["prepare", String(conninfo.prepare)]
  ]))

type Pair = readonly [name: string, value: string]

const timeoutSeconds = (timeout: Duration.Duration): string =>
  Duration.isFinite(timeout) ? String(Math.ceil(Duration.toSeconds(timeout))) : "0"

const formatPairs = (pairs: ReadonlyArray<readonly [string, string | undefined]>): string =>
  pairs.flatMap(([name, value]) => value === undefined ? [] : [`${name}=${quote(value)}`]).join(" ")

const quote = (value: string): string =>
  /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, "\\$&")}'`

const known = (pairs: ReadonlyArray<Pair>): Result.Result<Parameters, string> => {
  const at = pairs.findIndex(([name]) => !parameters.some((parameter) => parameter === name))
  if (at !== -1) {
    // After a password it may be what follows a space in it.
    const name = pairs[at - 1]?.[0] === "password" ? "" : shown(pairs[at]?.[0])
    return Result.fail(`unknown parameter${name}; known are ${parameters.join(", ")}`)
  }
  // Taken for a part of the value, the password would be shown wherever the value is.
  const joined = pairs.find(([name, value]) => name !== "password" && /(?:word|pwd)=/i.test(value))
  return joined === undefined
    ? Result.succeed(Object.fromEntries(pairs))
    : Result.fail(`${joined[0]} has a password in its value; ${separators}`)
}

const separators = "parameters are separated by spaces, and by & in a URL"

// What is more than a word or a number may be a password that slipped out of its place.
const shown = (text: string | undefined): string =>
  text !== undefined && /^[\w.+-]+$/.test(text) ? ` "${text}"` : ""

// A name, an equals sign, and a value: quoted, or up to the next space. A backslash takes the next
// character as it is.
const pairPattern =
  /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[^])*)'(?=\s|$)|((?:[^\s'\\]|\\[^])*)(?=\s|$))/y

const fromLibpq = (text: string): Result.Result<ReadonlyArray<Pair>, string> => {
  const matches = Array.from(text.matchAll(new RegExp(pairPattern, "gy")))
  const end = matches.reduce((length, match) => length + match[0].length, 0)
  if (text.slice(end).trim() !== "") {
    // The rest may hold a password, so it is not repeated.
    return Result.fail(
      `not a connection string from character ${
        end + 1
      } on; write "dbname=pgq host=/tmp" or postgres://…`
    )
  }
  return Result.succeed(matches.map(([, name, quoted, plain]): Pair => [
    name ?? "",
    (quoted ?? plain ?? "").replace(/\\([^])/g, "$1")
  ]))
}

// Of any scheme, so that one with a slip in it is refused as a URL.
const urlPattern = /^\s*[^\s=]*:\/\//

const fromUrl = (text: string): Result.Result<ReadonlyArray<Pair>, string> => {
  if (!/^postgres(?:ql)?:/i.test(text) || !URL.canParse(text)) return Result.fail(urlInvalid)
  const url = new URL(text)
  // A password with a `/`, `?` or `#` in it would be read as a port and what comes after it.
  const after = url.port !== "" && url.username === "" ? url.pathname + url.search : url.pathname
  if (url.hash !== "" || after.includes("@")) return Result.fail(urlInvalid)
  const parts: ReadonlyArray<Pair> = [
    ["host", url.hostname.replace(/^\[(.*)\]$/, "$1")],
    ["port", url.port],
    ["user", url.username],
    ["password", url.password],
    ["dbname", url.pathname.replace(/^\//, "")]
  ]
  return Result.try({
    try: () => [
      ...parts
        .filter(([, value]) => value !== "")
        .map(([name, value]): Pair => [name, decodeURIComponent(value)]),
      ...url.searchParams
    ],
    catch: () => urlInvalid
  })
}

const urlInvalid =
  "not a valid URL; write postgres://user:password@host:5432/dbname, special characters as %40"
