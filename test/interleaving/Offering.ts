/**
 * Offers jobs in a session that the test controls.
 */
import { Effect } from "effect"
import type * as Session from "../support/Session.ts"

export interface Offer {
  readonly name: string
  readonly queue: string
  readonly key: string
  readonly mode?: string
  readonly payload?: string
  readonly laneKey?: string
  readonly within?: string
  readonly wait?: string
  readonly maxWait?: string
}

export interface Answer {
  readonly id: bigint | null
  readonly outcome: string | null
}

/** Offers jobs by a step of `sql/`. Answers for each in the order given. */
export const offerBy =
  (step: "offer_many" | "offer_apart") =>
  ({ sql }: Session.Session, offers: ReadonlyArray<Offer>) =>
    sql<Answer>`
      SELECT id, outcome FROM ${sql(`pgq.${step}`)}(ARRAY(
        SELECT (
          o ->> 'name', coalesce(o -> 'payload', '{}'), o ->> 'laneKey', 0, NULL, o ->> 'queue',
          NULL, o ->> 'key', coalesce(o ->> 'mode', 'keep'), (o ->> 'within')::interval,
          (o ->> 'wait')::interval, (o ->> 'maxWait')::interval, NULL, NULL, NULL
        )::pgq.offered_job
        FROM jsonb_array_elements(${JSON.stringify(offers.map(withPayload))}::text::jsonb)
             WITH ORDINALITY AS given(o, ord)
        ORDER BY ord
      ))
    `

const withPayload = ({ payload, ...offer }: Offer) => ({
  ...offer,
  ...(payload === undefined ? {} : { payload: JSON.parse(payload) })
})

export const offerMany = offerBy("offer_many")
export const offerApart = offerBy("offer_apart")

export const offer = (session: Session.Session, one: Offer) =>
  Effect.map(offerMany(session, [one]), ([answer]) => answer!)

/** The unfinished jobs of a queue, by their ids. */
export const jobsOf = ({ sql }: Session.Session, queue: string) =>
  sql<{ id: bigint; key: string | null; payload: string; state: string }>`
    SELECT id, unique_key AS key, payload::text AS payload, state FROM pgq.jobs
    WHERE queue = ${queue} ORDER BY id
  `
