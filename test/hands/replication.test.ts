/**
 * A server takes over the jobs of another server, to which it has subscribed.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { eventually, serverWith } from "../connections/BusyWorker.ts"
import { statementsOf } from "../support/Regions.ts"
import * as Session from "../support/Session.ts"
import * as TakeOver from "./TakeOver.ts"

/** Runs a region of the example. The first server of the example is at `url`. */
const told = ({ sql }: Session.Session, region: string, url = "") =>
  Effect.forEach(
    statementsOf(`examples/replication.sql#${region}`),
    (text) => sql.unsafe(text.replace("host=first dbname=app", url)).unprepared
  )

/** Waits until a query of the example answers true. */
const isSo = (session: Session.Session, region: string) =>
  eventually(
    Effect.map(told(session, region), ([rows]) => assert.isTrue(Object.values(rows![0]!)[0]))
  )

/**
 * Starts a first server, and has `admin`, a session of the second server, subscribe to its jobs.
 * Answers the finished and the unfinished jobs of the first server.
 */
const publisher = Effect.fnUntraced(function*(admin: Session.Session, queue: string) {
  const { adminUrl, url } = yield* serverWith({ wal_level: "logical" })
  const first = yield* Session.openAt(url)
  yield* TakeOver.work(first, queue, 0)
  yield* told(first, "publish")
  yield* told(admin, "subscribe", adminUrl)
  yield* isSo(admin, "is-copied")
  yield* TakeOver.work(first, queue, 20)
  const finished = yield* TakeOver.payloadsOf(first, "finished_jobs")
  const unfinished = yield* TakeOver.payloadsOf(first, "jobs")
  yield* isSo(first, "is-level")
  assert.deepStrictEqual([finished.length, unfinished.length], [6, 34])
  return { finished, unfinished }
})

for (const end of ["take-over", "take-over-alone"]) {
  it.live(
    `a subscriber runs what its publisher has not finished: ${end}`,
    () =>
      Effect.gen(function*() {
        const here = yield* serverWith({})
        const second = yield* Session.openAt(here.url)
        // A subscription needs a superuser, or a right that old servers do not have.
        const admin = yield* Session.openAt(here.adminUrl)
        const queue = crypto.randomUUID()
        yield* TakeOver.forgetDays(second)

        const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
        const left = yield* Scope.provide(publisher(admin, queue), scope)
        if (end === "take-over-alone") yield* Scope.close(scope, Exit.void)
        yield* told(admin, end)

        yield* TakeOver.check(second, here.url, { ...left, queue })
      }).pipe(Effect.scoped),
    120_000
  )
}
