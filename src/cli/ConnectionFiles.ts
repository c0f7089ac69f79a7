/**
 * The files that libpq reads beside a connection string: services and passwords.
 */
import { Effect, Redacted, Result } from "effect"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Conninfo } from "../domain/Conninfo.ts"
import type { Host } from "../domain/ConninfoHosts.ts"
import { type Parameters, sort, type Sorted } from "../domain/ConninfoParameters.ts"
import { SettingInvalid } from "../domain/Errors.ts"
import * as PasswordFile from "../domain/PasswordFile.ts"
import * as ServiceFile from "../domain/ServiceFile.ts"
import * as EventLog from "../layers/effects/EventLog.ts"
import { underHome } from "../layers/postgres/connection/HomeFolder.ts"
import * as ErrorLine from "./ErrorLine.ts"

/** The parameters of a service, from the first service file that defines it. */
export const service = Effect.fnUntraced(
  function*(name: string, files: ReadonlyArray<string | undefined>) {
    const paths = files.filter((path) => path !== undefined)
    for (const path of paths) {
      const text = yield* textOf(path)
      const pairs = text === undefined ? Result.succeed(undefined) : ServiceFile.find(text, name)
      const sorted = Result.flatMap(
        pairs,
        (pairs): Result.Result<Sorted | undefined, string> =>
          pairs === undefined ? Result.succeed(undefined) : sort(pairs)
      )
      if (Result.isFailure(sorted)) {
        return yield* new SettingInvalid({ setting: `service file ${path}`, issue: sorted.failure })
      }
      if (sorted.success !== undefined) return sorted.success
    }
    const issue = `there is no service "${name}" in ${paths.join(" or ")}`
    return yield* new SettingInvalid({ setting: "service", issue })
  }
)

export const serviceFiles = (
  { servicefile }: Parameters,
  folder: string | undefined
): ReadonlyArray<string | undefined> => [
  servicefile || underHome(".pg_service.conf"),
  join(folder ?? "/etc/postgresql-common", "pg_service.conf")
]

/**
 * The password for these hosts from the password file. A file that other users may read is ignored.
 */
export const password = Effect.fnUntraced(
  function*(conninfo: Conninfo, file: string | undefined) {
    const path = file || underHome(".pgpass")
    if (conninfo.password !== undefined || path === undefined) return conninfo.password
    const text = yield* privateText(path)
    if (text === undefined) return undefined
    const { dbname, hosts, user } = conninfo
    const found = new Set(
      hosts
        .map((host) =>
          PasswordFile.find(text, { hosts: names(host), port: host.port, dbname, user })
        )
        .filter((password) => password !== undefined && password !== "")
    )
    if (found.size > 1) {
      const issue = "has a different password for each host; pgq takes one for all of them"
      return yield* new SettingInvalid({ setting: `password file ${path}`, issue })
    }
    return Array.from(found, (password) => Redacted.make(password ?? ""))[0]
  }
)

/** The password file says `localhost` for sockets in the default folders. */
const names = ({ host }: Host): ReadonlyArray<string> =>
  socketFolders.includes(host) ? [host, "localhost"] : [host]

export const socketFolders: ReadonlyArray<string> = ["/var/run/postgresql", "/tmp"]

interface Found {
  readonly text?: string
  /** Why the file is not read. */
  readonly why?: string
}

const privateText = Effect.fnUntraced(function*(path: string) {
  const { text, why } = yield* Effect.try({
    try: () => readPrivate(path),
    catch: (error) => ({ why: ErrorLine.of(error) })
  }).pipe(Effect.catch((found: Found) => Effect.succeed(found)))
  if (why !== undefined) {
    yield* EventLog.warning("setting.remark", `the password file ${path} is ignored: ${why}`)
  }
  return text
})

const readPrivate = (path: string): Found => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return {}
  if (!stats.isFile()) return { why: "it is not a plain file" }
  return (stats.mode & 0o077) !== 0
    ? { why: "others may read it; make it chmod 0600" }
    : { text: readFileSync(path, "utf8") }
}

/** `undefined` if the file does not exist. */
const textOf = (path: string): Effect.Effect<string | undefined, SettingInvalid> =>
  Effect.try({
    try: () => statSync(path, { throwIfNoEntry: false }) && readFileSync(path, "utf8"),
    catch: (error) => new SettingInvalid({ setting: path, issue: ErrorLine.of(error) })
  })
