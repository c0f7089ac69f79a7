/**
 * Ended runs of jobs, and the policies of kinds with and without errors.
 */
import { Exit, Schema } from "effect"
import type { EndedRun } from "../../src/domain/Decide.ts"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import * as OnError from "../../src/domain/OnError.ts"
import * as Job from "../../src/layers/job/Job.ts"

export const claimed: ClaimedJob = {
  id: 1n,
  queue: "default",
  lease: "2f1ce9f4-3b0c-4a86-9f4e-0a2f1c9b7f11",
  name: "charge",
  payload: "{}",
  key: "k",
  priority: 0,
  attempt: 1,
  maxAttempts: undefined,
  unhandledCount: 0,
  snoozeCount: 0,
  expiresAt: undefined,
  isSuspect: false
}

/** The parts of an ended run that a test says. */
export type Given =
  & Partial<Omit<EndedRun, "job">>
  & { readonly job?: Partial<ClaimedJob> }

/** An ended run of a job of a kind that says nothing, unless `given` says otherwise. */
export const runOf = ({ job, ...given }: Given): EndedRun => ({
  policy: Job.make("charge").policy,
  exit: Exit.void,
  interruption: undefined,
  ranFor: 30_040,
  random: () => 0.5,
  ...given,
  job: { ...claimed, ...job }
})

/** The class of one copy of an application. */
const bankDown = () => {
  class BankDown extends Schema.TaggedError<BankDown>()("BankDown", { message: Schema.String }) {}
  return BankDown
}

export const BankDown = bankDown()
export const OtherBankDown = bankDown()
export const broken = new BankDown({ message: "no answer" })

export class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", {
  code: Schema.Finite
}) {
  override get message(): string {
    return `code ${this.code}`
  }
}

/** The policy of a kind with two errors. */
export const policyOf = (
  rule: OnError.Rule<InstanceType<typeof BankDown>>,
  options: Job.Options<Schema.Top> = {}
) =>
  Job.make("charge", {
    ...options,
    error: Schema.Union([CardDeclined, BankDown]),
    onError: {
      BankDown: rule,
      CardDeclined: ({ code }) => code < 0 ? OnError.cancel : OnError.complete
    }
  }).policy

/** The policy of a kind without errors. */
export const policy = (options: Job.Options<Schema.Top>) => Job.make("charge", options).policy
