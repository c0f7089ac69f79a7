/**
 * The default data directory of a user's embedded server.
 */
import { Effect } from "effect"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import { isRoot } from "./Host.ts"

/**
 * `PGQ_DATA_DIR`, or a folder in the user's data directory. Root's home is closed to the user that
 * root's server runs as, so root's default is a system folder.
 */
export const defaultDataDir = ({ env, home, isRoot, platform }: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** `undefined` for a user without a home. */
  readonly home: string | undefined
  readonly isRoot: boolean
}): string | undefined => {
  if (env["PGQ_DATA_DIR"]) return env["PGQ_DATA_DIR"]
  if (isRoot) return platform === "darwin" ? "/Library/Application Support/pgq" : "/var/lib/pgq"
  const xdg = platform === "darwin" ? "" : env["XDG_DATA_HOME"] ?? ""
  if (isAbsolute(xdg)) return join(xdg, "pgq")
  if (home === undefined) return undefined
  const folder = platform === "darwin" ? ["Library", "Application Support"] : [".local", "share"]
  return join(home, ...folder, "pgq")
}

/** The default data directory of this process's user. */
export const ofUser = Effect.gen(function*() {
  const { env, platform } = process
  // A user id without a name, as in some containers, makes Node throw.
  const home = yield* Effect.orElseSucceed(Effect.try(() => homedir()), () => "")
  const dataDir = defaultDataDir({
    env,
    platform,
    home: isAbsolute(home) ? home : undefined,
    isRoot: yield* isRoot
  })
  return yield* dataDir === undefined
    ? new EmbeddedServerFailed({
      detail: "its data has no place, because this user has no home directory; set PGQ_DATA_DIR, " +
        "or name a database to connect to"
    })
    : Effect.succeed(dataDir)
})
