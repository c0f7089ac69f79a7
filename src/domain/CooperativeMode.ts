/**
 * The ways in which processes that claim from one queue avoid each other.
 *
 * The modes may be mixed on one schema: a claim first takes the queue's internal lock, shared in
 * row-lock mode and exclusive in the others.
 */
import { Data, Result } from "effect"
import { SettingInvalid } from "./Errors.ts"

/** A PostgreSQL advisory lock: one `bigint` or a pair of `int`s. */
export type AdvisoryKey = bigint | readonly [number, number]

/**
 * How the processes that claim from one queue keep out of each other's way. `RowLock.layer`,
 * `AdvisoryLock.layer` and `SoloLock.layer` choose one.
 */
export type CooperativeMode = Data.TaggedEnum<{
  /** Many claims run at once; each skips the rows that others have locked. */
  RowLock: {}
  /** One claim runs at a time, under an advisory lock with the user's key. */
  Advisory: { readonly key: AdvisoryKey }
  /** For a schema with one worker. */
  Solo: {}
}>
export const CooperativeMode = Data.taggedEnum<CooperativeMode>()

/** The mode as users write it: `row-lock`, `solo`, `advisory 42`, `advisory 7,9`. */
export const format = (mode: CooperativeMode): string => {
  switch (mode._tag) {
    case "RowLock":
      return "row-lock"
    case "Solo":
      return "solo"
    case "Advisory":
      return `advisory ${typeof mode.key === "bigint" ? mode.key : mode.key.join(",")}`
  }
}

/** Reads `42` as one `bigint` and `7,9` as two `int`s. */
export const parseAdvisoryKey = (text: string): Result.Result<AdvisoryKey, SettingInvalid> => {
  const numbers = text.split(",").map((part) => part.trim())
  if (!numbers.every((part) => /^-?\d{1,19}$/.test(part))) return Result.fail(keyInvalid(text))
  const [first, second, ...rest] = numbers.map(BigInt)
  if (first === undefined || rest.length > 0) return Result.fail(keyInvalid(text))
  if (second === undefined) {
    return BigInt.asIntN(64, first) === first
      ? Result.succeed(first)
      : Result.fail(keyInvalid(text))
  }
  return BigInt.asIntN(32, first) === first && BigInt.asIntN(32, second) === second
    ? Result.succeed([Number(first), Number(second)])
    : Result.fail(keyInvalid(text))
}

const keyInvalid = (text: string) =>
  new SettingInvalid({
    setting: "advisory key",
    issue: `"${text}" is neither one 64-bit integer (42) nor two 32-bit integers (7,9)`
  })
