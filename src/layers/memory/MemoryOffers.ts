/**
 * Offers unique jobs to the queue in memory, by the decisions of `OfferSteps`.
 */
import { Duration } from "effect"
import type { NewJob } from "../../domain/JobRecord.ts"
import * as LaneJob from "../../domain/LaneJob.ts"
import * as Steps from "../../domain/OfferSteps.ts"
import type { Offered, OfferedJob, OfferOutcome, Wish } from "../../domain/Unique.ts"
import * as UniqueKey from "../../domain/UniqueKey.ts"
import { expiryOf, newStoredJob, type StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"

type Answer = Offered<OfferOutcome | "rejected">

/** One job of a call, with its key and the id that it gets if it is added. */
interface Offer {
  readonly id: bigint
  readonly job: NewJob
  readonly wish: Wish | undefined
  /** `undefined` for a job that is not unique. */
  readonly key: string | undefined
}

export class MemoryOffers {
  readonly #store: MemoryStore
  readonly #holds = new Map<string, Steps.Hold>()

  constructor(store: MemoryStore) {
    this.#store = store
  }

  offer(
    jobs: ReadonlyArray<OfferedJob>,
    { isWhole = false, now }: { readonly isWhole?: boolean | undefined; readonly now: number }
  ): ReadonlyArray<Answer> {
    for (const [key, { until }] of this.#holds) if (until <= now) this.#holds.delete(key)
    const offers = jobs.map(({ unique, ...job }): Offer => ({
      id: this.#store.nextId(),
      job,
      wish: unique,
      key: unique && UniqueKey.of(unique, job.payload, job.queue)
    }))
    const standing = offers.map((offer) => standsFor(offer, offers))
    if (isWhole) {
      const rejected = offers.flatMap((offer, n) => this.#rejection(offer, standing[n]!))
      if (rejected.length > 0) return rejected
    }
    const answers = new Map<Offer, Answer>()
    for (const offer of new Set(standing)) answers.set(offer, this.#answer(offer, now))
    return offers.map((offer, n) => {
      const answer = answers.get(standing[n]!)!
      return standing[n] === offer || ["kept", "rejected"].includes(answer.outcome)
        ? answer
        : { id: answer.id, outcome: offer.wish?.mode === "reject" ? "rejected" : "merged" }
    })
  }

  #rejection(offer: Offer, stand: Offer): ReadonlyArray<Answer> {
    if (offer.wish?.mode !== "reject") return []
    const decision = this.#decide(offer)
    return decision._tag === "Stands"
      ? [{ id: decision.id, outcome: "rejected" }]
      : stand === offer
      ? []
      : [{ id: stand.id, outcome: "rejected" }]
  }

  #decide({ job: { name }, key, wish }: Offer): Steps.Decision {
    if (wish === undefined) return Steps.Decision.Adds({ after: undefined })
    const holder = this.#store.looks.holderOf(name, key)
    const hold = wish.within && this.#holds.get(holdKey(name, key))
    return Steps.decide(
      wish.mode,
      holder && { id: holder.id, isLeased: holder.laneState === "leased" },
      hold
    )
  }

  #answer(offer: Offer, now: number): Answer {
    const decision = this.#decide(offer)
    const { id, job, key } = offer
    const holder = this.#store.looks.holderOf(job.name, key)
    switch (decision._tag) {
      case "Stands":
        return { id: decision.id, outcome: decision.outcome }
      case "Replaces":
        if (holder !== undefined) this.#put(now, replaced(holder, offer, decision, now))
        this.#hold(offer, decision.id, { now })
        return { id: decision.id, outcome: "replaced" }
      case "Adds": {
        const added = newStoredJob(startOf(offer, decision.after), id, now, key)
        this.#put(now, ...holder === undefined ? [] : [{ ...holder, uniqueKey: undefined }], added)
        this.#hold(offer, id, { now, after: decision.after })
        return { id, outcome: "added" }
      }
    }
  }

  /** Takes the hold, if the wish wants one and none is in force. A later job moves its end. */
  #hold(
    { job, key, wish }: Offer,
    id: bigint,
    { after, now }: { readonly now: number; readonly after?: number | undefined }
  ): void {
    if (wish?.within === undefined) return
    const name = holdKey(job.name, key)
    if (this.#holds.has(name) && after === undefined) return
    this.#holds.set(name, { id, until: (after ?? now) + Duration.toMillis(wish.within) })
  }

  #put(now: number, ...jobs: ReadonlyArray<StoredJob>): void {
    const changes = { jobs, finished: [], leases: [] }
    this.#store.change(() => ({ answer: undefined, changes }), now)
  }
}

/** The offer of a call that stands for another one: the first to be kept, the last of others. */
const standsFor = (offer: Offer, offers: ReadonlyArray<Offer>): Offer => {
  if (offer.key === undefined) return offer
  const isSame = (other: Offer) =>
    other.key === offer.key && other.job.name === offer.job.name &&
    other.wish?.mode === offer.wish?.mode
  const mode = offer.wish?.mode
  const stand = mode === "keep" || mode === "keep-queued" || mode === "reject"
    ? offers.find(isSame)
    : offers.findLast(isSame)
  return stand ?? offer
}

const holdKey = (name: string, key: string | undefined): string => JSON.stringify([name, key])

const startOf = ({ job, wish }: Offer, after: number | undefined): NewJob => {
  if (after !== undefined) return { ...job, runAt: new Date(after), delay: undefined }
  return wish?.mode === "debounce" ? { ...job, runAt: undefined, delay: wish.wait } : job
}

/** The holder with the values of the offer, as if it had never run. */
const replaced = (
  holder: StoredJob,
  { job, wish }: Offer,
  { keepsStart }: { readonly keepsStart: boolean },
  now: number
): StoredJob => {
  const values = {
    ...holder,
    payload: job.payload,
    priority: job.priority,
    maxAttempts: job.maxAttempts,
    traceparent: job.traceparent,
    failures: 0,
    crashes: 0,
    unhandledCount: 0,
    snoozeCount: 0
  }
  const dueAt = keepsStart ? holder.dueAt : newStart(holder, { job, wish }, now)
  const replacing = { ...values, expiresAt: expiryOf(job, Math.max(dueAt, now)) }
  return keepsStart ? replacing : LaneJob.moved(replacing, dueAt, now)
}

/** The time at which a replaced job may start. */
const newStart = (
  holder: StoredJob,
  { job, wish }: Pick<Offer, "job" | "wish">,
  now: number
): number =>
  wish?.wait === undefined || wish.maxWait === undefined
    ? newStoredJob(job, holder.id, now).dueAt
    : Math.min(
      now + Duration.toMillis(wish.wait),
      holder.createdAt + Duration.toMillis(wish.maxWait)
    )
