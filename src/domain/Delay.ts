/**
 * Delays that an application computes: any value may come, and a job's delay is within bounds.
 */
import { Duration, Option } from "effect"

/** Ten years: the longest delay before a job runs again. */
export const max = Duration.days(3650)

/** The value as a duration from 0 to ten years, if it is one that can be read. */
export const of = (value: unknown): Option.Option<Duration.Duration> =>
  isLikeInput(value) ? Option.map(Duration.fromInput(value), within) : Option.none()

export const isInput = (value: unknown): value is Duration.Input => Option.isSome(of(value))

/** The duration, brought into the bounds. */
export const within = (delay: Duration.Duration): Duration.Duration =>
  Duration.clamp(delay, { minimum: Duration.zero, maximum: max })

/** `Duration.fromInput` reads any value of these types, or answers with nothing. */
const isLikeInput = (value: unknown): value is Duration.Input =>
  ["number", "bigint", "string"].includes(typeof value) ||
  (typeof value === "object" && value !== null)
