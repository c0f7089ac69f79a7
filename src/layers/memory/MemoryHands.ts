/**
 * The steps of a schema in memory that people ask for: cancels, and jobs that have ended and are
 * added again.
 */
import { CopyAnswer, RetryAnswer, type RetryEdit } from "../../domain/ByHand.ts"
import { Cancellation } from "../../domain/Cancellation.ts"
import * as CancelSteps from "../../domain/CancelSteps.ts"
import { redriven } from "../../domain/LaneJob.ts"
import type * as Steps from "../../domain/ProtocolSteps.ts"
import type { Wake } from "../../services/Notifier.ts"
import type { MemoryHistory } from "./MemoryHistory.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryLooks } from "./MemoryLooks.ts"

interface Parts {
  readonly state: Steps.State<StoredJob>
  readonly history: MemoryHistory
  readonly looks: MemoryLooks
  /** Applies the changes of a step, and wakes waiting workers. */
  readonly make: (changes: Steps.Changes<StoredJob>, now: number) => void
  readonly nextId: () => bigint
  readonly wake: (wake: Wake) => void
}

export class MemoryHands {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  cancel(id: bigint, now: number): Cancellation {
    const { history, make, state, wake } = this.#parts
    const cancelled = CancelSteps.cancel(state, id)
    if (cancelled === undefined) {
      const outcome = history.outcomeOf(id)
      return outcome === undefined ? Cancellation.Unknown() : Cancellation.Finished({ outcome })
    }
    const { answer, changes } = cancelled
    make(changes, now)
    if (answer._tag === "Stopping") wake({ _tag: "Cancel", worker: answer.worker })
    return answer
  }

  /** Queues a finished job again; `undefined` if there is none that did not complete. */
  redrive(id: bigint, now: number, { dueAt = now, edit }: {
    readonly dueAt?: number
    readonly edit?: RetryEdit | undefined
  } = {}): RetryAnswer | undefined {
    const { history, looks, make } = this.#parts
    const job = history.unwell(id)
    if (job === undefined) return undefined
    const holder = looks.holderOf(job.name, job.uniqueKey)?.id
    if (holder !== undefined) return RetryAnswer.Conflict({ holder })
    history.take(id)
    const again = {
      ...redriven(job, now, dueAt),
      traceparent: undefined,
      priority: edit?.priority ?? job.priority,
      maxAttempts: edit?.maxAttempts ?? job.maxAttempts
    }
    make({ jobs: [again], finished: [], leases: [] }, now)
    return RetryAnswer.Redriven()
  }

  /** Adds a job anew after a finished one. */
  copy(id: bigint, now: number): CopyAnswer {
    const { history, looks, make, nextId, state } = this.#parts
    if (state.jobs.has(id)) return CopyAnswer.Unfinished()
    const job = history.find(id)
    if (job === undefined) return CopyAnswer.Unknown()
    const holder = looks.holderOf(job.name, job.uniqueKey)?.id
    if (holder !== undefined) return CopyAnswer.Conflict({ holder })
    const newId = nextId()
    const copy = redriven({ ...job, id: newId, createdAt: now, traceparent: undefined }, now)
    make({ jobs: [copy], finished: [], leases: [] }, now)
    return CopyAnswer.Copied({ newId })
  }
}
