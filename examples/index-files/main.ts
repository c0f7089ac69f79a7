/**
 * The main job on real input: indexes every source file of the installed `effect` package.
 *
 *     npm start               the effect package
 *     npm start -- FOLDER     another folder
 *     npm start -- --stay     keeps the dashboard open over what has run
 *
 * One job a file, one at a time in each folder, larger files first; then, because it has the same
 * key and a lower priority, one report a folder. Each run has a queue of its own in the schema.
 * Then the tour shows what else people expect of a job.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Array, Cause, Clock, Effect, Layer, References } from "effect"
import { enqueueAll, QueueLive, WorkerControl } from "pgq"
import * as Browser from "./Browser.ts"
import * as Database from "./Database.ts"
import { Failure } from "./Failure.ts"
import * as Handlers from "./Handlers.ts"
import * as Journal from "./Journal.ts"
import { IndexFile, ReportFolder } from "./Kinds.ts"
import * as Leftovers from "./Leftovers.ts"
import * as Ongoing from "./Ongoing.ts"
import * as Progress from "./Progress.ts"
import { effectPackage, type SourceFile, sourceFiles } from "./SourceFiles.ts"
import * as Table from "./Table.ts"
import * as Tour from "./Tour.ts"

const schema = "pgq_index_files"
const queue = `run-${process.pid}-${Date.now()}`

const Working = QueueLive.layer({
  jobs: [IndexFile, ReportFolder],
  schema,
  queues: [queue],
  workers: 8,
  grace: "5 seconds"
}).pipe(
  Layer.provide(Handlers.layer),
  Layer.provideMerge(Journal.layer)
)

/** Adds all jobs in one transaction: whoever claims the first of a folder sees all of them. */
const addJobs = Effect.fnUntraced(function*(files: ReadonlyArray<SourceFile>) {
  const sql = yield* PgClient.PgClient
  const folders = Object.entries(Array.groupBy(files, ({ folder }) => folder))
  yield* sql.withTransaction(Effect.andThen(
    enqueueAll(
      IndexFile,
      files.map(({ bytes, folder, path }) => ({
        payload: { folder, path },
        queue,
        key: folder,
        priority: bytes
      }))
    ),
    enqueueAll(
      ReportFolder,
      folders.map(([folder, { length }]) => ({
        payload: { folder, files: length },
        queue,
        key: folder,
        priority: -1
      }))
    )
  ))
  return files.length + folders.length
})

const index = Effect.fnUntraced(function*(files: ReadonlyArray<SourceFile>) {
  yield* Leftovers.remove(schema)
  const startedAt = yield* Clock.currentTimeMillis
  const jobs = yield* addJobs(files)
  yield* Effect.logInfo(`${jobs} jobs: ${files.length} files, ${jobs - files.length} folders`)
  yield* (yield* WorkerControl).stop("drain")
  const { done, lastError } = yield* Progress.untilDone(jobs)
  const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
  if (done !== jobs) {
    const [why] = (lastError ?? "they are for later").split("\n", 1)
    return yield* new Failure({ message: `${jobs - done} of ${jobs} jobs are not done: ${why}` })
  }
  const { reports } = yield* Journal.Journal
  process.stdout.write(Table.format(yield* reports, { jobs, seconds }))
})

const main = Effect.gen(function*() {
  const [folder] = process.argv.slice(2).filter((word) => word !== "--stay")
  const files = yield* sourceFiles(folder ?? effectPackage())
  if (files.length === 0) return yield* new Failure({ message: "there are no source files" })
  yield* Leftovers.migrate(schema)
  yield* Effect.provide(index(files), Working)
  process.stdout.write(`\nand besides:\n${yield* Tour.take(schema, `${queue}-tour`)}`)
  if (process.argv.includes("--stay")) {
    yield* Effect.raceFirst(Browser.open(schema), Ongoing.work(schema))
  } else {
    process.stdout.write(Browser.hint)
  }
})

main.pipe(
  Effect.provide([Database.layer, NodeFileSystem.layer]),
  Effect.tapCause((cause) =>
    Effect.sync(() => {
      const [line] = Cause.prettyErrors(cause)
      if (line !== undefined && !Cause.hasInterruptsOnly(cause)) {
        process.stderr.write(`index-files: ${line.message}\n`)
      }
    })
  ),
  Effect.provideService(References.LogToStderr, true),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
