/**
 * A database that is restored from the dump of another one, as the documentation shows it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import { clientOf, serverWith } from "../connections/BusyWorker.ts"
import * as Server from "../soak/Server.ts"
import * as PgPrograms from "../support/PgPrograms.ts"
import * as Session from "../support/Session.ts"
import * as TakeOver from "./TakeOver.ts"

const programs = PgPrograms.find()
const version = programs === undefined
  ? undefined
  : programs.version >= 18
  ? "18"
  : programs.version >= 15 && Server.isThere("15")
  ? "15"
  : undefined

/** Runs the example, which dumps the first database and restores the dump in the second. */
const restore = Effect.fnUntraced(function*(first: string, second: string) {
  const cwd = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-dump-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const PATH = [programs?.folder, process.env["PATH"]].join(delimiter)
  const { status, stderr } = spawnSync("bash", [resolve("examples/restore.sh")], {
    cwd,
    encoding: "utf8",
    env: { PATH, FIRST: first, SECOND: second }
  })
  assert.deepStrictEqual([status, stderr], [0, ""])
})

describe.skipIf(version === undefined)(
  version === undefined
    ? "a dump: skipped, for there is no pg_dump of 18, and none of 15 with a PostgreSQL 15"
    : "a dump",
  () => {
    it.live("restored by its owner, runs what was not finished", () =>
      Effect.gen(function*() {
        const { adminUrl, url } = yield* serverWith({}, version)
        const first = yield* Session.openAt(url)
        const admin = yield* Session.openAt(adminUrl)
        yield* admin.sql`CREATE DATABASE second OWNER pgq_plain`.unprepared
        const there = url.replace("/postgres?", "/second?")
        yield* Effect.provide(PgSchema.migrate(), clientOf(there))
        const second = yield* Session.openAt(there)
        const queue = crypto.randomUUID()
        yield* TakeOver.work(first, queue, 0)
        yield* TakeOver.forgetDays(second)

        const finished = yield* TakeOver.payloadsOf(first, "finished_jobs")
        const unfinished = yield* TakeOver.payloadsOf(first, "jobs")
        yield* restore(url, there)

        assert.deepStrictEqual([finished.length, unfinished.length], [3, 17])
        yield* TakeOver.check(second, there, { finished, unfinished, queue })
      }).pipe(Effect.scoped), 120_000)
  }
)
