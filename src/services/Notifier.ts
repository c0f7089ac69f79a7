/**
 * Says when to look. Wake-ups are hints: looking without one is always right, and a loop that
 * waits for one must also look by itself from time to time.
 */
import { Context, type Effect, type Stream } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class Notifier extends Context.Service<Notifier, {
  /**
   * Wake-ups from now on, never failing, for any number of listeners. It says `Everything` first,
   * and again whenever wake-ups may have been missed.
   */
  readonly wakes: Stream.Stream<Wake>

  /**
   * Whether an open transaction has added jobs to these queues while every worker was busy: no
   * wake-up will tell of these jobs.
   */
  readonly mayHaveMissed: (queues: ReadonlyArray<string>) => Effect.Effect<boolean, StoreError>
}>()("pgq/services/Notifier") {}

export type Wake =
  | { readonly _tag: "Jobs"; readonly queue: string }
  | { readonly _tag: "Due" }
  | { readonly _tag: "Everything" }
