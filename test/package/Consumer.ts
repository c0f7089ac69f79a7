/**
 * A package that depends on pgq. Its `node_modules` holds pgq as npm would unpack it, and the
 * packages that the test chooses.
 */
// A plain Error is enough to make a test fail.
// @effect-diagnostics globalErrorInEffectFailure:off
import { Context, Effect, Layer } from "effect"
import { execFile } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The packages of an application that does not use the command line. */
export const peers = ["effect", "@effect/sql-pg"]

/** The archive that npm would publish. */
export class Tarball extends Context.Service<Tarball, { readonly path: string }>()(
  "pgq/test/Tarball"
) {
  static readonly layer = Layer.effect(
    Tarball,
    Effect.gen(function*() {
      const path = yield* temporary("pgq-tarball-")
      yield* run("npm", ["pack", "--offline", "--silent", "--pack-destination", path], root)
      return { path: join(path, readdirSync(path)[0] ?? "") }
    })
  )
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Consumer {
  readonly path: string
  readonly write: (name: string, text: string) => string
  readonly copy: (from: URL) => string
  /** Runs Node in the consumer's folder. */
  readonly node: (...args: ReadonlyArray<string>) => Effect.Effect<Ended, Error>
  readonly tool: (name: string, ...args: ReadonlyArray<string>) => Effect.Effect<Ended, Error>
}

/** A consumer with pgq and these packages of the checkout. */
export const make = Effect.fnUntraced(function*(packages: ReadonlyArray<string>) {
  const { path: tarball } = yield* Tarball
  const path = yield* temporary("pgq-consumer-")
  const modules = join(path, "node_modules")
  mkdirSync(join(modules, "pgq"), { recursive: true })
  yield* run("tar", ["-xzf", tarball, "-C", join(modules, "pgq"), "--strip-components=1"], path)
  for (const name of packages) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
  writeFileSync(join(path, "package.json"), `{ "type": "module" }`)
  const consumer: Consumer = {
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text)
      return join(path, name)
    },
    copy: (from) => {
      const to = join(path, fileURLToPath(from).replace(/.*\//, ""))
      copyFileSync(from, to)
      return to
    },
    node: (...args) => end(process.execPath, args, path),
    tool: (name, ...args) => end(join(root, "node_modules", ".bin", name), args, path)
  }
  return consumer
})

export const temporary = (prefix: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), prefix))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

const run = (program: string, args: ReadonlyArray<string>, cwd: string) =>
  Effect.flatMap(
    end(program, args, cwd),
    (ended) =>
      ended.code === 0
        ? Effect.void
        : Effect.die(new Error(`${program} ${args.join(" ")}: ${ended.stderr}${ended.stdout}`))
  ).pipe(Effect.orDie)

const end = (program: string, args: ReadonlyArray<string>, cwd: string) =>
  Effect.callback<Ended, Error>((resume) => {
    // Of the machine's environment, only PATH reaches the program.
    const env = { PATH: process.env["PATH"], HOME: tmpdir(), npm_config_update_notifier: "false" }
    const child = execFile(program, args, { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined
      resume(
        code === undefined
          ? Effect.fail(error ?? new Error("no exit code"))
          : Effect.succeed({ code, stdout, stderr })
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
