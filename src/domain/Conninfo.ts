/**
 * The address of the database: a libpq string (`dbname=pgq host=/tmp`) or a `postgres://` URL, read
 * into one value and completed as libpq would.
 */
import { Redacted, Result } from "effect"
import { type Auth, auth, ways } from "./ConninfoAuth.ts"
import { type Host, hosts, socketPath } from "./ConninfoHosts.ts"
import { type Parameters, sort, type Sorted } from "./ConninfoParameters.ts"
import * as ConninfoText from "./ConninfoText.ts"
import { type Tls, tls } from "./ConninfoTls.ts"
import { issueOf, type Values, valuesOf } from "./ConninfoValues.ts"
import { SettingInvalid } from "./Errors.ts"

export interface Conninfo extends Values {
  /** One or more hosts, tried in turn. */
  readonly hosts: ReadonlyArray<Host>
  readonly user: string
  readonly dbname: string
  readonly tls: Tls
  readonly auth: Auth
}

/** Reads a libpq string or a URL. Error messages name `setting` as the origin of the text. */
export const parse = (
  text: string,
  setting: string
): Result.Result<Sorted, SettingInvalid> =>
  Result.mapError(
    Result.flatMap(ConninfoText.read(text), sort),
    (issue) => new SettingInvalid({ setting, issue })
  )

/** Completes the missing parameters as libpq does, and checks every value. */
export const complete = (
  given: Parameters,
  defaults: {
    /** The origin of the values, for error messages. */
    readonly setting: string
    /** The name of the operating system's user. */
    readonly user: string
    readonly host: (port: number) => string
  }
): Result.Result<Conninfo, SettingInvalid> => {
  const user = given.user || defaults.user
  const issue = user === "" ? "no user is named" : issueOf(given)
  const parts = issue !== undefined ? Result.fail(issue) : Result.all({
    hosts: hosts(given, defaults.host),
    tls: tls(given),
    auth: auth(given)
  })
  return Result.mapBoth(parts, {
    onFailure: (issue) => new SettingInvalid({ setting: defaults.setting, issue }),
    onSuccess: (parts): Conninfo => {
      const values = valuesOf(given)
      const dbname = given.dbname || user
      const host = listed(parts.hosts, ({ host }) => host)
      const port = listed(parts.hosts, ({ port }) => String(port))
      return {
        ...parts,
        ...values,
        user,
        dbname,
        given: { ...values.given, user, dbname, host, port }
      }
    }
  })
}

/** The connection for people to read: everything but the secrets. */
export const describe = (conninfo: Conninfo): string =>
  ConninfoText.write([
    ["dbname", conninfo.dbname],
    ["host", listed(conninfo.hosts, ({ host }) => host)],
    ["port", listed(conninfo.hosts, ({ port }) => String(port))],
    ["user", conninfo.user],
    ["sslmode", conninfo.given.sslmode || undefined],
    ["target_session_attrs", conninfo.target === "any" ? undefined : conninfo.target],
    ["prepare", conninfo.prepare ? undefined : "false"]
  ])

/** A libpq string that `parse` reads back to the same value, with the secrets. */
export const format = (conninfo: Conninfo): Redacted.Redacted => {
  const { given, password, tls } = conninfo
  return Redacted.make(ConninfoText.write(Object.entries({
    ...given,
    password: password && Redacted.value(password),
    sslpassword: tls.keyPassword && Redacted.value(tls.keyPassword)
  })))
}

/** Whether the driver can connect by itself. */
export const isPlain = ({ auth, hosts, target, tls }: Conninfo): boolean =>
  hosts.length === 1 && target === "any" && auth.channelBinding !== "require" &&
  auth.allowed.size === ways.length &&
  (tls.mode === "disable" || hosts.every((host) => socketPath(host) !== undefined))

const listed = (hosts: ReadonlyArray<Host>, of: (host: Host) => string): string =>
  hosts.map(of).join(",")
