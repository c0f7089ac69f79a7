/**
 * Offers of unique jobs to the model of a queue, by the decisions of `OfferSteps`.
 */
import { assert } from "@effect/vitest"
import { Duration } from "effect"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import * as Steps from "../../src/domain/OfferSteps.ts"
import type { Offered, OfferOutcome, Wish } from "../../src/domain/Unique.ts"
import * as QueueModel from "./QueueModel.ts"

export interface ModelOffer {
  readonly uniqueKey: string
  readonly wish: Omit<Wish, "key" | "isScoped">
  /** The lane, the priority, the payload and the expiry of the offered job. */
  readonly job: Pick<QueueModel.ModelJob, "expiresAt" | "key" | "n" | "priority">
}

type Answer = Offered<OfferOutcome | "rejected">

export const make = (model: QueueModel.QueueModel) => {
  const holds = new Map<string, Steps.Hold>()

  const hold = ({ uniqueKey, wish }: ModelOffer, id: bigint, after?: number): void => {
    if (wish.within === undefined || (holds.has(uniqueKey) && after === undefined)) return
    const from = after ?? QueueModel.now
    holds.set(uniqueKey, { id, until: from + Duration.toMillis(wish.within) })
  }

  /** Checks the answer for one offer, and makes its changes. */
  const offered = (offer: ModelOffer, answer: Answer): void => {
    const { uniqueKey, wish } = offer
    const holder = model.holderOf(uniqueKey)
    const decision = Steps.decide(
      wish.mode,
      holder && { id: holder.id, isLeased: holder.laneState === "leased" },
      wish.within && holds.get(uniqueKey)
    )
    switch (decision._tag) {
      case "Stands":
        assert.deepStrictEqual(answer, { id: decision.id, outcome: decision.outcome })
        return
      case "Replaces":
        assert.deepStrictEqual(answer, { id: decision.id, outcome: "replaced" })
        model.put(replaced(holder!, offer, decision.keepsStart))
        return hold(offer, answer.id)
      case "Adds":
        assert.strictEqual(answer.outcome, "added")
        assert.isFalse(model.jobs.has(answer.id))
        if (holder !== undefined) model.put({ ...holder, uniqueKey: undefined })
        model.put(added(offer, answer.id, decision.after))
        return hold(offer, answer.id, decision.after)
    }
  }

  return {
    /** Checks the answers for the offers of one call, all of one key and mode. */
    offered: (offers: ReadonlyArray<ModelOffer>, answers: ReadonlyArray<Answer>): void => {
      const { mode } = offers[0]!.wish
      const isFirst = ["keep", "keep-queued", "reject"].includes(mode)
      const stand = isFirst ? 0 : offers.length - 1
      const answer = answers[stand]!
      offered(offers[stand]!, answer)
      const others = ["kept", "rejected"].includes(answer.outcome)
        ? answer
        : { id: answer.id, outcome: mode === "reject" ? "rejected" : "merged" }
      for (const other of answers.toSpliced(stand, 1)) assert.deepStrictEqual(other, others)
    },
    /** Lets the time of all holds pass. */
    endHolds: (): void => holds.clear()
  }
}

const added = ({ job, uniqueKey, wish }: ModelOffer, id: bigint, after?: number) =>
  LaneJob.added({ ...job, id, uniqueKey, dueAt: after ?? startOf(wish) }, QueueModel.now)

/** The holder with the values of the offer, as if it had never run. */
const replaced = (
  holder: QueueModel.ModelJob,
  { job: { expiresAt, n, priority }, wish }: ModelOffer,
  keepsStart: boolean
): QueueModel.ModelJob => {
  const values = {
    ...holder,
    expiresAt,
    n,
    priority,
    failures: 0,
    crashes: 0,
    unhandledCount: 0,
    snoozeCount: 0
  }
  return keepsStart ? values : LaneJob.moved(values, startOf(wish), QueueModel.now)
}

const startOf = ({ wait }: ModelOffer["wish"]): number =>
  QueueModel.now + (wait === undefined ? 0 : Duration.toMillis(wait))
