/**
 * The facts about a worker by which its probes judge. None of them is asked of the database.
 */
import type { StopMode } from "./StopMode.ts"

/** How a worker is, by its own account. Times are in milliseconds. */
export interface WorkerHealth {
  /** Whether the store has answered the first claim. */
  readonly hasClaimed: boolean
  readonly stopping: StopMode | undefined
  readonly hasEnded: boolean
  /** Whether its jobs are certainly its own: it has renewed in time. */
  readonly isTrusted: boolean
  readonly renewedAgo: number
  /** Since the store last answered a claim, a settlement or a renewal. */
  readonly answeredAgo: number
  /** How long the store may be silent while the worker counts as ready. */
  readonly silenceMax: number
  /** Since the loop that claims jobs last went on. */
  readonly turnedAgo: number
  /** The loop waits for a change, or for the store. */
  readonly waitsFor: "work" | "store" | undefined
}
