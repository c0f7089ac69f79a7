/**
 * Transactions of jobs over a queue in memory. They hold back the jobs that their handler enqueues,
 * and nothing else: the memory of the application has no transactions.
 */
import { Clock, Context, Effect, Exit } from "effect"
import { NotInTransaction, StoreError } from "../../domain/Errors.ts"
import type { NewJob } from "../../domain/JobRecord.ts"
import { Settlement } from "../../domain/Settlement.ts"
import { leaseLost } from "../../domain/TransactionEnd.ts"
import type { Completion, Transactions } from "../../services/Transactions.ts"
import type { MemoryStore } from "./MemoryStore.ts"

/** The transaction of a running handler. */
export interface MemoryTransaction {
  /** The jobs to add, with their ids. */
  readonly jobs: Array<readonly [id: bigint, job: NewJob]>
  completion: Completion | undefined
  onCommit: () => void
}

export const Current = Context.Reference<MemoryTransaction | undefined>(
  "pgq/layers/memory/MemoryTransactions/Current",
  { defaultValue: () => undefined }
)

export const make = (store: MemoryStore): Transactions["Service"] => ({
  run: Effect.fnUntraced(function*({ completion, handler, onBegin }) {
    const transaction: MemoryTransaction = { jobs: [], completion: undefined, onCommit: () => {} }
    onBegin()
    const exit = yield* Effect.exit(Effect.provideService(handler, Current, transaction))
    if (Exit.isFailure(exit)) return { isCommitted: false, phase: "running", exit }
    const ended = transaction.completion ?? completion(exit.value)
    const now = yield* Clock.currentTimeMillis
    const settlement = Settlement.Completed({ result: ended.result })
    const { length } = store.settle([{ ...ended, settlement }], { now })
    if (length > 0) {
      return { isCommitted: false, phase: "committing", exit, error: lost(ended) }
    }
    store.addAs(transaction.jobs, now)
    transaction.onCommit()
    return { isCommitted: true, phase: "committing", exit }
  }),
  complete: Effect.fnUntraced(function*(completion, onCommit) {
    const transaction = yield* Current
    if (transaction === undefined) return yield* new NotInTransaction({ id: completion.id })
    transaction.completion = completion
    transaction.onCommit = onCommit
  }),
  ask: ({ id, lease }) => Effect.sync(() => store.looks.settled(lease, id))
})

const lost = ({ id, lease }: Completion) =>
  new StoreError({
    operation: "commit",
    isTransient: false,
    code: leaseLost,
    detail: `job ${id} is no longer in lease ${lease}`,
    cause: undefined
  })
