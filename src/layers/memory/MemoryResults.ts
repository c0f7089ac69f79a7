/**
 * The results of the queue in memory, each for its time: the last thousands of them.
 */
import { Duration } from "effect"
import { JobEnd } from "../../domain/JobEnd.ts"
import type { Finished } from "../../domain/ProtocolSteps.ts"
import type { StoredJob } from "./MemoryJob.ts"

export class MemoryResults {
  readonly #ends = new Map<bigint, { readonly end: JobEnd; readonly until: number }>()

  add({ job, result }: Finished<StoredJob>, now: number): void {
    if (result === undefined) return
    const { name } = job
    const end = result.value === undefined
      ? JobEnd.Invalid({ name, issue: result.error })
      : JobEnd.Completed({ name, value: JSON.parse(result.value) })
    this.#ends.set(job.id, { end, until: now + Duration.toMillis(result.keep) })
    const [oldest] = this.#ends.keys()
    if (oldest !== undefined && this.#ends.size > resultsMax) this.#ends.delete(oldest)
  }

  of(id: bigint): JobEnd | undefined {
    return this.#ends.get(id)?.end
  }

  /** Drops what was kept for its time. */
  forget(now: number): void {
    for (const [id, { until }] of this.#ends) if (until < now) this.#ends.delete(id)
  }
}

/** The most results. They take memory. */
const resultsMax = 10_000
