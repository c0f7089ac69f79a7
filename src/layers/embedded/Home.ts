/**
 * Where the embedded server of a user keeps its data, unless it is told.
 */
import { Effect } from "effect"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/Errors.ts"
import { isRoot } from "./Host.ts"

/**
 * Where a user's server keeps its data: `PGQ_DATA_DIR`, or the user's data directory. Root's own
 * home is closed to the id its server runs as, so root's is a folder of the system.
 */
export const defaultDataDir = ({ env, home, isRoot, platform }: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** Nothing where the user has none. */
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

/** The folder of this process's user. */
export const ofUser = Effect.gen(function*() {
  const { env, platform } = process
  // A user id without a name, as containers have it, makes Node throw.
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
