/**
 * The answers of `pgq cancel`, as text for people and as JSON.
 */
import type { CancelCounts, Cancellation } from "../../domain/Cancellation.ts"

export const ofAnswer = (answer: Cancellation): string => {
  switch (answer._tag) {
    case "Cancelled":
      return "cancelled"
    case "Stopping":
      return "stopping"
    case "Finished":
      return `${answer.outcome} before`
    case "Held":
      return "held by another transaction"
    case "Unknown":
      return "unknown"
  }
}

// JSON has no 64-bit integers.
export const jsonOf = ({ _tag, ...more }: Cancellation, id: bigint | undefined) => ({
  id: String(id),
  answer: _tag.toLowerCase(),
  ...more
})

export const ofCounts = ({ cancelled, held, stopping }: CancelCounts): string =>
  `${cancelled} cancelled, ${stopping} stopping` +
  (held === 0 ? "" : `, ${held} held by other transactions`)
