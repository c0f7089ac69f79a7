/**
 * Cancels, retries, discards and edits jobs of the queue in memory. Its history has no reasons.
 */
import { Clock, Effect, Struct } from "effect"
import type { RetryAnswer } from "../../domain/ByHand.ts"
import type { CancelFilter, Cancellation } from "../../domain/Cancellation.ts"
import * as JobView from "../../domain/JobView.ts"
import type { JobControl } from "../../services/JobControl.ts"
import * as Waiters from "../../services/Waiters.ts"
import * as ByHand from "./MemoryByHand.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import * as Why from "./MemoryWhy.ts"

export const make = Effect.fnUntraced(function*(store: MemoryStore) {
  // There are no transactions here.
  const { hint, waitFor } = yield* Waiters.make(({ fresh, old }) =>
    Effect.sync(() => new Map([...fresh, ...old].map((id) => [id, store.looks.endOf(id)])))
  )
  yield* Effect.acquireRelease(
    Effect.sync(() => store.onEnd.add(hint)),
    () => Effect.sync(() => store.onEnd.delete(hint))
  )
  const ended: JobControl["Service"]["ended"] = (id, wanted = {}) =>
    waitFor(id, Waiters.endOf(id, wanted))
  const { waitFor: waitForNews } = yield* Waiters.make(({ fresh, old }) =>
    Effect.sync(() => new Map([...fresh, ...old].map((id) => [id, store.looks.seen(id)])))
  )
  const seen: JobControl["Service"]["seen"] = (id, last) =>
    waitForNews(id, {
      isMeant: (now) => last === undefined || JobView.differs(now, last),
      isLate: last !== undefined
    })
  return { ...steps(store), ended, seen }
})

const steps = (store: MemoryStore): Omit<JobControl["Service"], "ended" | "seen"> => ({
  cancel: (ids) =>
    Effect.map(Clock.currentTimeMillis, (now) => ids.map((id) => store.hands.cancel(id, now))),
  cancelSome: (filter, { after }) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const ids = store.looks.idsOf((job) => job.id > after && isMeant(filter, job))
      const some = ids.slice(0, Math.min(filter.limit ?? atOnce, atOnce))
      const answers = some.map((id) => store.hands.cancel(id, now))
      return {
        cancelled: count(answers, "Cancelled"),
        stopping: count(answers, "Stopping"),
        held: count(answers, "Held"),
        last: some.length < ids.length ? some.at(-1) : undefined
      }
    }),
  outcomeOf: (id) => Effect.sync(() => store.looks.outcomeOf(id)),
  retry: (ids) => Effect.map(Clock.currentTimeMillis, (now) => ByHand.retryEach(store, ids, now)),
  copy: (ids) =>
    Effect.map(Clock.currentTimeMillis, (now) => ids.map((id) => store.hands.copy(id, now))),
  retrySome: (filter, { after, edit, limit, spread }) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const ids = store.looks.finishedIdsOf(filter).filter((id) => id > after)
      const some = ids.slice(0, Math.min(limit ?? atOnce, atOnce))
      const { next, ...counts } = ByHand.redriveEach(store, some, { now, spread, edit })
      const last = some.length < ids.length ? some.at(-1) : undefined
      return spread === undefined ? { ...counts, last } : { ...counts, last, next: new Date(next) }
    }),
  discard: (ids) =>
    Effect.map(Clock.currentTimeMillis, (now) => ids.map((id) => ByHand.discard(store, id, now))),
  edit: (id, change) =>
    Effect.map(Clock.currentTimeMillis, (now) => ByHand.edit(store, id, { change, now })),
  runs: (id, { limit }) => Effect.sync(() => store.looks.runsOf(id, limit)),
  logs: (id, { limit, skip }) => Effect.sync(() => store.looks.logOf(id).slice(skip, skip + limit)),
  find: (id) =>
    Effect.sync(() => {
      const job = store.looks.find(id)
      return job && { name: job.name, payload: job.payload }
    }),
  like: (id) =>
    Effect.sync(() => {
      const job = store.looks.find(id) ?? store.looks.findFinished(id)
      return job && Struct.pick(job, ["queue", "name", "payload", "key", "priority", "maxAttempts"])
    }),
  why: (id) => Effect.map(Clock.currentTimeMillis, (now) => Why.of(store, id, now)),
  whyQueue: (queue) => Effect.map(Clock.currentTimeMillis, (now) => Why.ofQueue(store, queue, now))
})

/** The number of jobs of one step. */
const atOnce = 1000

const isMeant = ({ key, name, queue, states }: CancelFilter, job: StoredJob): boolean =>
  (queue === undefined || job.queue === queue) &&
  (name === undefined || job.name === name) &&
  (key === undefined || job.key === key) &&
  (states === undefined || states.includes(job.laneState === "leased" ? "running" : "waiting"))

const count = <A extends Cancellation | RetryAnswer>(
  answers: ReadonlyArray<A>,
  tag: A["_tag"]
): number => answers.filter(({ _tag }) => _tag === tag).length
