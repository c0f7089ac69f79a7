/**
 * Wake-ups tell a worker to claim. They are hints: a claim without one is always correct, and a
 * loop that waits for wake-ups must also poll.
 */
import { Context, type Effect, type Stream } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class Notifier extends Context.Service<Notifier, {
  /**
   * Wake-ups from now on, for any number of listeners. The stream never fails. It begins with
   * `Everything` and repeats it whenever wake-ups may have been lost.
   */
  readonly wakes: Stream.Stream<Wake>

  /**
   * Whether an open transaction has added jobs to these queues while every worker was busy. No
   * wake-up will announce these jobs.
   */
  readonly mayHaveMissed: (queues: ReadonlyArray<string>) => Effect.Effect<boolean, StoreError>
}>()("pgq/services/Notifier") {}

export type Wake =
  | { readonly _tag: "Jobs"; readonly queue: string }
  | { readonly _tag: "Due" }
  /** Somebody has cancelled jobs that are leased to this worker. */
  | { readonly _tag: "Cancel"; readonly worker: string }
  /** The pauses of this queue have changed; "*" stands for all queues. */
  | { readonly _tag: "Pauses"; readonly queue: string }
  | { readonly _tag: "Everything" }
