/**
 * An application that a bundler turned into one file, with all its dependencies.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as esbuild from "esbuild"
import { copyFileSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"
import webpack from "webpack"
import * as Pgq from "../cli/Pgq.ts"
import { options, producer, unfinished } from "../engine/Live.ts"
import { queueName } from "../Given.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import * as Consumer from "./Consumer.ts"

/** Bundles the application in `entry` into `file`. */
type Bundler = (entry: string, file: string) => Promise<unknown>

const byEsbuild = (format: "cjs" | "esm"): Bundler => (entry, file) =>
  esbuild.build({
    entryPoints: [entry],
    outfile: file,
    format,
    bundle: true,
    platform: "node",
    logLevel: "silent"
  })

const byRolldown: Bundler = async (entry, file) => {
  const bundle = await rolldown({ input: entry, platform: "node", logLevel: "silent" })
  await bundle.write({ file, format: "esm" })
}

const byWebpack: Bundler = (entry, file) =>
  new Promise((resolve, reject) =>
    webpack({
      mode: "production",
      target: "node20",
      entry,
      experiments: { outputModule: true },
      output: {
        path: join(file, ".."),
        filename: basename(file),
        library: { type: "module" },
        chunkFormat: "module"
      }
    }, (error, stats) =>
      error === null && stats?.hasErrors() === false
        ? resolve(undefined)
        : reject(error ?? new Error(stats?.toString("errors-only"))))
  )

const bundlers: ReadonlyArray<readonly [string, string, Bundler]> = [
  ["esbuild", "application.mjs", byEsbuild("esm")],
  ["esbuild, as CommonJS", "application.cjs", byEsbuild("cjs")],
  ["rolldown", "application.mjs", byRolldown],
  ["webpack", "application.mjs", byWebpack]
]

layer(Layer.merge(producer, Consumer.Tarball.layer), options)(
  "an application in one file",
  (it) => {
    it.effect.each(bundlers)(
      "made by %s works, and its watchdog renews",
      ([, name, bundle]) =>
        Effect.gen(function*() {
          const file = yield* alone(name, bundle)
          const { url } = yield* TestDatabase
          const { sql } = yield* Session.open
          const queue = yield* queueName
          yield* sql`INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'compute')`
          const process = yield* Pgq.spawn([], {
            through: [globalThis.process.execPath, file, url, queue]
          })
          yield* process.line(/computing/)
          const rescued = yield* sql<{ n: number }>`SELECT pgq.note_late(), pgq.rescue() AS n`.pipe(
            Effect.map(([row]) => row!.n),
            Effect.delay("20 millis"),
            Effect.repeat({ until: (n) => n > 0 }),
            Effect.raceFirst(Effect.as(process.exit, 0))
          )
          const { code, stderr } = yield* process.exit

          assert.strictEqual(rescued, 0, stderr)
          assert.strictEqual(code, 0, stderr)
          assert.deepStrictEqual(yield* unfinished(queue), [])
          // If the watchdog's thread loaded the application as well, this line would come twice.
          assert.lengthOf(stderr.match(/the application begins/g) ?? [], 1)
        }),
      120_000
    )
  }
)

/** Bundles the application into a folder without other files. */
const alone = Effect.fnUntraced(function*(name: string, bundle: Bundler) {
  const consumer = yield* Consumer.make(Consumer.peers)
  const entry = consumer.copy(new URL("application.mjs", import.meta.url))
  const made = join(yield* Consumer.temporary("pgq-bundle-"), name)
  yield* Effect.promise(() => bundle(entry, made))
  assert.deepStrictEqual(readdirSync(join(made, "..")), [name])
  const file = join(yield* Consumer.temporary("pgq-deployed-"), name)
  copyFileSync(made, file)
  return file
})
