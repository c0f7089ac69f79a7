/**
 * The step of an offer as a pure decision: the job is added, or another one stands for it.
 * `sql/0016_unique.sql` decides the same by locks and an index.
 */
import { Data } from "effect"
import type { Wish } from "./Unique.ts"

export type Decision = Data.TaggedEnum<{
  /** Another job stands for the offer. It may have ended. */
  Stands: { readonly id: bigint; readonly outcome: "kept" | "rejected" }
  /** The holder of the key gets the values of the offer. */
  Replaces: { readonly id: bigint; readonly keepsStart: boolean }
  /** The job is added, at the end of the hold if there is one. A leased holder loses its key. */
  Adds: { readonly after: number | undefined }
}>
export const Decision = Data.taggedEnum<Decision>()

/** The unfinished job that has the key. */
export interface Holder {
  readonly id: bigint
  readonly isLeased: boolean
}

/** A key that stays taken until a time, in milliseconds. */
export interface Hold {
  readonly id: bigint
  readonly until: number
}

export const decide = (
  mode: Wish["mode"],
  holder: Holder | undefined,
  /** The hold that is in force. */
  hold: Hold | undefined
): Decision => {
  const outcome = mode === "reject" ? "rejected" : "kept"
  if (hold !== undefined) {
    return holder !== undefined && !holder.isLeased && (mode === "replace" || mode === "trail")
      ? Decision.Replaces({ id: holder.id, keepsStart: mode === "trail" })
      : mode === "trail"
      ? Decision.Adds({ after: hold.until })
      : Decision.Stands({ id: hold.id, outcome })
  }
  if (holder === undefined) return Decision.Adds({ after: undefined })
  if (mode === "keep" || mode === "reject") return Decision.Stands({ id: holder.id, outcome })
  if (holder.isLeased) return Decision.Adds({ after: undefined })
  return mode === "keep-queued"
    ? Decision.Stands({ id: holder.id, outcome })
    : Decision.Replaces({ id: holder.id, keepsStart: false })
}
