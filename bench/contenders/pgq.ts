/**
 * pgq as the README has it: jobs added with `QueueLive.client`, worked on by `pgq start`.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { enqueue, enqueueAll, Job, type JobRepo, PgSchema, QueueLive } from "../../dist/index.js"
import { byThousands, type Contender } from "../Contender.ts"
import { WorkPayload } from "../WorkPayload.ts"

const Work = Job.make("work", { payload: WorkPayload })

const pathOf = (file: string) => new URL(file, import.meta.url).pathname

export const pgq: Contender = {
  name: "pgq",
  packages: ["..", "effect", "@effect/sql-pg"],
  settings: "pgq start -w 24, else at its defaults; history not kept is keep_completed = 0",
  role: "own",
  history: "pgq.finished_jobs",
  hasLanes: true,
  hasBulk: true,
  isAtDefaults: false,
  worker: ({ url }) => [
    pathOf("../../dist/cli/bin.js"),
    "start",
    "-c",
    url,
    "-w",
    "24",
    "-f",
    pathOf("../jobs.ts")
  ],
  open: async ({ keepsHistory, url }) => {
    const scope = Effect.runSync(Scope.make())
    const layer = QueueLive.client().pipe(
      Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), maxConnections: 20 }))
    )
    const context = await Effect.runPromise(Layer.build(layer).pipe(Scope.provide(scope)))
    const run = <A, E>(effect: Effect.Effect<A, E, JobRepo | PgClient.PgClient>) =>
      Effect.runPromise(Effect.provideContext(effect, context))
    await run(PgSchema.migrate())
    if (!keepsHistory) {
      await run(Effect.flatMap(
        PgClient.PgClient,
        (sql) => sql`UPDATE pgq.settings SET keep_completed = '0'`
      ))
    }
    return {
      bulk: (count, jobOf) => byThousands(count, jobOf, (jobs) => run(enqueueAll(Work, jobs))),
      one: (payload) => run(enqueue(Work, payload)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}
