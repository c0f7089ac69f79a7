/**
 * The rule by which the jobs of a kind are unique, and the mistakes in it that the compiler does
 * not find.
 */
import { Duration, Option, Predicate, Result } from "effect"
import * as Delay from "./Delay.ts"
import { JobInvalid } from "./Errors.ts"
import { textIssue } from "./JobRecord.ts"
import * as PayloadText from "./PayloadText.ts"
import type { Wish } from "./Unique.ts"

/** The rule of a kind. */
export interface Rule {
  readonly by: ReadonlyArray<string> | ((payload: unknown) => unknown)
  readonly wish: Omit<Wish, "key">
  /** The reason why no job can be enqueued by this rule. */
  readonly issue: string | undefined
}

/** The options of a kind. A caller in JavaScript may give anything. */
export interface Options {
  readonly unique?: object | undefined
  readonly debounce?: object | undefined
  readonly throttle?: object | undefined
}

/** The rule that the options of a kind make; `undefined` for a kind whose jobs are not unique. */
export const make = ({ debounce, throttle, unique }: Options): Rule | undefined => {
  const given = unique ?? debounce ?? throttle
  if (given === undefined) return undefined
  const wish = unique !== undefined
    ? uniqueWish(unique)
    : debounce !== undefined
    ? debounceWish(debounce)
    : throttleWish(given)
  const isOne = [unique, debounce, throttle].filter(Predicate.isNotUndefined).length === 1
  return {
    by: byOf(field(given, "by")),
    wish: { ...wish, isScoped: field(given, "scope") === "queue" },
    issue: isOne ? issueOf(wish) : "unique, debounce and throttle exclude each other"
  }
}

/** The rule for a job that is given a key, and whose kind has no rule. */
export const keep: Rule = { by: [], wish: { isScoped: false, mode: "keep" }, issue: undefined }

type Partly = Omit<Wish, "isScoped" | "key">

const uniqueWish = (given: object): Partly => {
  const mode = field(given, "mode")
  return {
    mode: mode === "replace" || mode === "reject"
      ? mode
      : field(given, "while") === "queued"
      ? "keep-queued"
      : "keep",
    within: timeOf(given, "within")
  }
}

const debounceWish = (given: object): Partly => ({
  mode: "debounce",
  wait: timeOf(given, "wait") ?? Duration.infinity,
  maxWait: timeOf(given, "maxWait") ?? Duration.infinity
})

const throttleWish = (given: object): Partly => ({
  mode: field(given, "trailing") === true ? "trail" : "keep",
  within: timeOf(given, "every") ?? Duration.infinity
})

const field = (given: object, name: string): unknown =>
  Predicate.hasProperty(given, name) ? given[name] : undefined

/** A value that is not a duration becomes infinite, which the check refuses. */
const timeOf = (given: object, name: string): Duration.Duration | undefined => {
  const value = field(given, name)
  return value === undefined
    ? undefined
    : Option.getOrElse(Delay.of(value), () => Duration.infinity)
}

const byOf = (by: unknown): Rule["by"] =>
  typeof by === "function"
    ? (payload) => by(payload)
    : typeof by === "string"
    ? [by]
    : Array.isArray(by)
    ? by.map(String)
    : []

const issueOf = ({ maxWait, wait, within }: Partly): string | undefined =>
  within !== undefined && !(Duration.isFinite(within) && !Duration.isZero(within))
    ? "the time in which a job is unique is not a duration of more than 0"
    : wait !== undefined && maxWait !== undefined && !isWait(wait, maxWait)
    ? "the wait is not a duration of at most maxWait"
    : undefined

const isWait = (wait: Duration.Duration, maxWait: Duration.Duration): boolean =>
  Duration.isFinite(maxWait) && Duration.isLessThanOrEqualTo(wait, maxWait)

/** The bytes of a key that are sent. A long key is stored as its hash. */
export const keyBytesMax = 4096

/** The wish for a job, with the key that its rule makes, or with a key of its own. */
export const wishOf = (
  { by, issue, wish }: Rule,
  payload: unknown,
  key?: string
): Result.Result<Wish, JobInvalid> => {
  if (issue !== undefined) return Result.fail(new JobInvalid({ issue }))
  if (key === undefined && typeof by !== "function") return Result.succeed({ ...wish, key: by })
  return Result.flatMap(textOf(key ?? by, payload), (text) => {
    const issue = textIssue("the unique key", text, keyBytesMax)
    return issue === undefined
      ? Result.succeed({ ...wish, key: text })
      : Result.fail(new JobInvalid({ issue }))
  })
}

/** The function of an application may throw, or answer with anything. */
const textOf = (
  key: string | Rule["by"],
  payload: unknown
): Result.Result<string, JobInvalid> => {
  const made = typeof key === "function"
    ? Result.try({ try: () => key(payload), catch: PayloadText.issueOf })
    : Result.succeed(key)
  return Result.flatMap(
    Result.mapError(made, (issue) => new JobInvalid({ issue: `the unique key: ${issue}` })),
    (text) =>
      typeof text === "string"
        ? Result.succeed(text)
        : Result.fail(new JobInvalid({ issue: "the unique key is not a text" }))
  )
}
