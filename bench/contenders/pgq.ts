/**
 * pgq as the README has it: `QueueLive.layer` with row locks, history kept, everything on.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Layer, Redacted, References, Schema, Scope } from "effect"
import {
  enqueue,
  enqueueAll,
  Job,
  type JobRepo,
  PgSchema,
  QueueLive,
  RowLock
} from "../../dist/index.js"
import { type Contender, thousands } from "../Contender.ts"

const Work = Job.make("work", { payload: Schema.Struct({ n: Schema.Finite }) })

const build = <A, E>(layer: Layer.Layer<A, E>, into: Scope.Scope) =>
  Effect.runPromise(Layer.build(layer).pipe(Scope.provide(into)))

export const pgq: Contender = {
  name: "pgq",
  settings: "defaults, 24 workers, history kept",
  open: async (url) => {
    const scope = Effect.runSync(Scope.make())
    const client = await build(
      PgClient.layer({ url: Redacted.make(url), maxConnections: 20 }),
      scope
    )
    const Client = Layer.succeedContext(client)
    await Effect.runPromise(Effect.provide(PgSchema.migrate("pgq"), Client))
    const producer = await build(Layer.provide(QueueLive.client(), Client), scope)
    const run = <A, E>(effect: Effect.Effect<A, E, JobRepo>) =>
      Effect.runPromise(Effect.provideContext(effect, producer))

    return {
      bulk: async (count, keyOf) => {
        for (const batch of thousands(count)) {
          await run(enqueueAll(
            Work,
            batch.map((n) => ({ payload: { n }, key: keyOf?.(n) }))
          ))
        }
      },
      one: () => run(enqueue(Work, { n: 0 })),
      work: async (onJob) => {
        const working = Effect.runSync(Scope.make())
        const handler = Work.toLayer((_, job) => onJob(job.key))
        await build(
          QueueLive.layer({ workers: 24 }).pipe(
            Layer.provide(handler),
            Layer.provide(RowLock.layer),
            Layer.provide(Client),
            Layer.provide(Layer.succeed(References.MinimumLogLevel, "Warn"))
          ),
          working
        )
        return () => Effect.runPromise(Scope.close(working, Exit.void))
      },
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}
