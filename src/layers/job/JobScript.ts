/**
 * The object with which a job script registers its handlers.
 */
import type { PgClient } from "@effect/sql-pg"
import { type Context, Effect, Layer, type Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { defaults, kindsIssue } from "../../domain/JobKind.ts"
import type { CompletableJob } from "../../services/CompletableJob.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import * as Handler from "./Handler.ts"
import { call } from "./HandlerCall.ts"
import type * as Job from "./Job.ts"

/** The argument of a script's `setupJobs`. */
export interface JobQueue {
  /** Runs `handler` for every job of this name, with the stored JSON as payload. */
  handle(name: string, handler: (payload: unknown, job: CompletableJob<void>) => unknown): void
  /** Runs `handler` for every job of this kind, with its payload decoded. */
  handle<
    Name extends string,
    Payload extends Schema.Top & { readonly DecodingServices: never },
    Failure extends Schema.Top,
    A
  >(
    job: Job.Job<Name, Payload, Failure>,
    handler: (
      payload: Payload["Type"],
      job: CompletableJob<void>
    ) => A & Job.Declared<A, Failure["Type"]>
  ): void
}

/** The services that Effects of a script may use. */
export type Services = PgClient.PgClient | SqlClient.SqlClient | JobRepo

export interface Setup {
  readonly queue: JobQueue
  /** The handlers registered so far. */
  readonly layer: Effect.Effect<Layer.Layer<never, never, Services>>
  /** A sentence for each wrong registration so far. */
  readonly issues: Effect.Effect<ReadonlyArray<string>>
}

export const setup: Effect.Effect<Setup> = Effect.sync(() => {
  const layers = new Map<string, Layer.Layer<never, never, Services>>()
  const issues: Array<string> = []
  const register = ({ handler, issue, layer, name }: Registration) => {
    // A script in JavaScript may pass anything.
    if (typeof name !== "string" || name === "") {
      issues.push("queue.handle needs the name or the kind of a job")
    } else if (typeof handler !== "function") {
      issues.push(`queue.handle("${name}", …) needs a function`)
    } else if (issue !== undefined) {
      issues.push(issue)
    } else if (layers.has(name)) {
      issues.push(`two handlers for "${name}"; a name can have only one`)
    } else {
      layers.set(name, layer())
    }
  }
  const handle: JobQueue["handle"] = <
    Name extends string,
    Payload extends Schema.Top & { readonly DecodingServices: never }
  >(
    job: string | Job.Job<Name, Payload>,
    handler: (payload: Payload["Type"], job: CompletableJob<void>) => unknown
  ) =>
    typeof job === "object" && job !== null
      ? register({
        name: job.name,
        handler,
        layer: () => job.toLayer(handler),
        issue: kindsIssue([job])
      })
      : register({ name: job, handler, layer: () => ofName(job, handler), issue: undefined })
  return {
    queue: { handle },
    layer: Effect.sync(() => Array.from(layers.values()).reduce(merge, Layer.empty)),
    issues: Effect.sync(() => issues.slice())
  }
})

interface Registration {
  readonly name: string
  readonly handler: unknown
  readonly layer: () => Layer.Layer<never, never, Services>
  /** The reason why no worker can work on the kind. */
  readonly issue: string | undefined
}

const merge = (
  one: Layer.Layer<never, never, Services>,
  other: Layer.Layer<never, never, Services>
): Layer.Layer<never, never, Services> => Layer.merge(one, other)

/** A handler of a name, with the stored JSON as payload. */
const ofName = (
  name: string,
  handler: (payload: unknown, job: CompletableJob<void>) => unknown
): Layer.Layer<never, never, Services> =>
  Handler.layer(name, (context: Context.Context<Services>) => ({
    name,
    policy: defaults,
    run: (payload, job) =>
      call(() => handler(payload, job), { context, own: [job], isTransactional: false })
  }))
