/**
 * The answers of the services that change jobs, as those of the API: a change that was made, or a
 * problem that says why nothing was changed.
 */
import { Effect } from "effect"
import { DiscardAnswer, EditAnswer, RetryAnswer } from "../domain/ByHand.ts"
import { Cancellation } from "../domain/Cancellation.ts"
import { Changed, Duplicate, Ended, Held, JobNotFound } from "./Problems.ts"
import type { Answer } from "./Views.ts"

export const ofCancel = (id: string): Of<Cancellation, Ended | Held | JobNotFound> =>
  Cancellation.$match({
    Cancelled: () => done("cancelled"),
    Stopping: ({ worker }) => Effect.succeed({ answer: "stopping" as const, worker }),
    Finished: ({ outcome }) => new Ended({ id, outcome }),
    Held: () => new Held({ id, by: "transaction" }),
    Unknown: () => new JobNotFound({ id })
  })

export const ofRetry = (id: string): Of<RetryAnswer, Duplicate | Ended | Held | JobNotFound> =>
  RetryAnswer.$match({
    Redriven: () => done("redriven"),
    Retried: () => done("retried"),
    Queued: () => done("queued"),
    Paused: () => done("queued"),
    Running: () => new Held({ id, by: "worker" }),
    Completed: () => new Ended({ id, outcome: "completed" }),
    Conflict: () => new Duplicate({ id }),
    Held: () => new Held({ id, by: "transaction" }),
    Unknown: () => new JobNotFound({ id })
  })

export const ofDiscard = (id: string): Of<DiscardAnswer, Ended | Held | JobNotFound> =>
  DiscardAnswer.$match({
    Discarded: () => done("discarded"),
    Running: () => new Held({ id, by: "worker" }),
    Finished: ({ outcome }) => new Ended({ id, outcome }),
    Held: () => new Held({ id, by: "transaction" }),
    Unknown: () => new JobNotFound({ id })
  })

export const ofEdit = (id: string): Of<EditAnswer, Changed | Ended | Held | JobNotFound> =>
  EditAnswer.$match({
    Edited: () => done("edited"),
    Running: () => new Held({ id, by: "worker" }),
    Finished: ({ outcome }) => new Ended({ id, outcome }),
    Changed: () => new Changed({ id }),
    Held: () => new Held({ id, by: "transaction" }),
    Unknown: () => new JobNotFound({ id })
  })

/** The answer of a service becomes a change, or a problem. */
type Of<Given, Problem> = (given: Given) => Effect.Effect<typeof Answer.Type, Problem>

const done = <const Name extends string>(answer: Name) => Effect.succeed({ answer })
