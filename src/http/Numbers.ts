/**
 * Numbers that several endpoints take.
 */
import { Schema } from "effect"

/** A span in seconds. */
export const Seconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** How many items an answer may have, in the address. */
export const Limit = Schema.NumberFromString.check(
  Schema.isInt(),
  Schema.isBetween({ minimum: 1, maximum: 200 })
)
