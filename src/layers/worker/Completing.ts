/**
 * Runs transactional jobs, and completes jobs by hand: in the commit of a transaction, which leaves
 * nothing to settle.
 */
import { Duration, Effect, Exit, Random } from "effect"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import * as JobResult from "../../domain/JobResult.ts"
import { Settlement } from "../../domain/Settlement.ts"
import * as TransactionEnd from "../../domain/TransactionEnd.ts"
import type { Handler, Handlers } from "../../services/Handlers.ts"
import { type Completion, Transactions } from "../../services/Transactions.ts"
import * as Backoff from "../effects/Backoff.ts"
import type { Complete, LaneRun } from "./LaneRun.ts"
import type { RunLimits } from "./RunLimits.ts"

export interface Completing {
  /** Runs a job of a transactional kind. Its run may learn how it ends, too. */
  readonly run: (run: LaneRun, job: TransactionalJob) => Effect.Effect<unknown, unknown>
  /** Completes a job by hand. */
  readonly complete: Complete
  /** Learns what became of a job that its handler may have completed by hand. */
  readonly learn: (run: LaneRun, job: ClaimedJob) => Effect.Effect<void>
}

export interface TransactionalJob {
  readonly job: ClaimedJob
  readonly handler: Handler
  /** The handler. */
  readonly running: Effect.Effect<unknown, unknown>
}

interface Parts {
  readonly handlers: Handlers["Service"]
  readonly limits: RunLimits
  /**
   * Sends the log lines of a run. The commit takes a job out of its lease, and the store keeps no
   * lines of it from then on.
   */
  readonly sendLines: (run: LaneRun) => Effect.Effect<void>
  readonly now: () => number
}

export const make = Effect.fnUntraced(function*(
  parts: Parts
): Effect.fn.Return<Completing, never, Transactions> {
  const random = yield* Random.Random
  const all = { ...parts, transactions: yield* Transactions, random: random.nextDoubleUnsafe }
  return { run: running(all), complete: byHand(all), learn: learning(all) }
})

interface AllParts extends Parts {
  readonly transactions: Transactions["Service"]
  /** A random number in [0, 1). */
  readonly random: () => number
}

/** Runs a handler in one transaction after the other, until its run has ended. */
const running = (parts: AllParts): Completing["run"] =>
  Effect.fnUntraced(function*(run, job) {
    for (let tries = 0;; tries++) {
      const next = yield* once(parts, run, { ...job, tries })
      if (next._tag === "Decide") return yield* next.exit
      if (next._tag !== "Again") {
        finish(run, next, parts.now())
        return yield* next._tag === "Done" ? next.exit : Exit.void
      }
      yield* Effect.interruptible(Effect.sleep(next.delay))
    }
  })

const once = Effect.fnUntraced(function*(
  parts: AllParts,
  run: LaneRun,
  { handler, job, running, tries }: TransactionalJob & { readonly tries: number }
) {
  const { limits, now, random, sendLines, transactions } = parts
  const timeout = handler.policy.transactional ?? Duration.zero
  const end = yield* transactions.run({
    timeout,
    handler: handler.policy.log === undefined ? running : Effect.ensuring(running, sendLines(run)),
    onBegin: () => {
      run.startedAt = now()
      limits.begin(run, timeout)
    },
    completion: (value) => {
      const completion = completionOf(parts, run, { job, value })
      run.completed = Settlement.Completed({ result: completion.result })
      return completion
    }
  })
  limits.end(run, timeout)
  const next = TransactionEnd.next(end, { tries, random: random() })
  return next._tag === "Ask"
    ? TransactionEnd.afterAnswer(yield* ask(parts, run, job), next.exit)
    : next
})

const byHand = (parts: AllParts): Complete => (run, job, value) =>
  Effect.gen(function*() {
    const { encode, policy } = parts.handlers.find(job.name) ?? {}
    if (policy?.log !== undefined) yield* parts.sendLines(run)
    const encoded = encode === undefined ? undefined : yield* encode(value)
    const completion = completionOf(parts, run, { job, value: encoded })
    yield* parts.transactions.complete(completion, () => {
      // The handler may have kept its view of a job that has ended.
      if (run.current !== job) return
      run.completion = "committed"
      run.completed = Settlement.Completed({ result: completion.result })
    })
    if (run.current === job) run.completion ??= "asked"
  })

const learning = (parts: AllParts): Completing["learn"] => (run, job) =>
  Effect.map(ask(parts, run, job), (answer) => {
    run.completion = undefined
    const next = TransactionEnd.afterAnswer(answer, Exit.void)
    // Where it is certain that nothing was committed, the exit of the handler counts.
    if (next._tag !== "Settle") finish(run, next, parts.now())
  })

/** Asks until the store has answered. A job of which it does not answer is left to its lease. */
const ask = ({ transactions }: AllParts, run: LaneRun, job: ClaimedJob) =>
  transactions.ask(job).pipe(
    Effect.retry({ schedule: backoff, while: ({ isTransient }) => isTransient && !run.isLost }),
    Effect.orElseSucceed(() => "lost" as const)
  )

const completionOf = (
  { handlers, now }: AllParts,
  run: LaneRun,
  { job, value }: { readonly job: ClaimedJob; readonly value: unknown }
): Completion => {
  const keep = handlers.find(job.name)?.policy.keepResult
  return {
    id: job.id,
    lease: job.lease,
    result: keep === undefined ? undefined : JobResult.of(value, keep),
    ranFor: now() - run.startedAt
  }
}

const finish = (run: LaneRun, next: TransactionEnd.Next, at: number): void => {
  if (next._tag === "Done") run.completion = "committed"
  if (next._tag === "Settle") run.decided = next.settlement
  if (next._tag === "Lose") run.interrupt("lost", at)
}

const backoff = Backoff.schedule({ base: "50 millis", cap: "2 seconds" })
