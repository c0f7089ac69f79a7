/**
 * Mistakes in the rules of a kind that the compiler does not find.
 */
import { Option, Predicate, Schedule, Schema } from "effect"
import * as Delay from "./Delay.ts"
import type { Member } from "./ErrorMembers.ts"
import type { OnError, Rule } from "./OnError.ts"

/** The reason why no worker can work with these rules. */
export const of = ({ error, members, onDefect, onTimeout, rules }: {
  readonly error: unknown
  readonly members: ReadonlyArray<Member>
  readonly rules: ReadonlyMap<string, unknown>
  readonly onDefect: unknown
  readonly onTimeout: unknown
}): string | undefined =>
  errorIssue(error, members, rules) ??
    Array.from(rules, ([tag, rule]) => ruleIssue(`onError.${tag}`, rule)).find(
      Predicate.isString
    ) ??
    ruleIssue("onDefect", onDefect) ??
    (isAnswer(onTimeout) ? ruleIssue("onTimeout", onTimeout) : "onTimeout is no OnError")

const errorIssue = (
  error: unknown,
  members: ReadonlyArray<Member>,
  rules: ReadonlyMap<string, unknown>
): string | undefined => {
  if (error === undefined) return rules.size === 0 ? undefined : "onError is given without an error"
  if (!Schema.isSchema(error)) return "its error is not a schema"
  const tags = members.flatMap(({ tag }) => tag ?? [])
  if (tags.length < members.length) return "one of its errors has no _tag of one text"
  const twice = tags.find((tag, index) => tags.indexOf(tag) < index)
  if (twice !== undefined) return `two of its errors have the _tag "${twice}"`
  const missing = tags.find((tag) => !rules.has(tag))
  if (missing !== undefined) return `onError has no case for its error "${missing}"`
  const surplus = Array.from(rules.keys()).find((tag) => !tags.includes(tag))
  return surplus === undefined
    ? undefined
    : `onError has a case for "${surplus}", which is none of its errors`
}

const ruleIssue = (name: string, rule: unknown): string | undefined => {
  if (typeof rule === "function") return undefined
  if (!isAnswer(rule)) return `${name} is neither an OnError nor a function`
  switch (rule._tag) {
    case "Retry":
      if (!isBackoff(rule.backoff)) return `the backoff of ${name} is no Schedule and no function`
      return rule.maxAttempts === undefined || isCount(rule.maxAttempts)
        ? undefined
        : `the maxAttempts of ${name} is not a whole number of at least 1`
    case "Snooze":
      return Option.isSome(Delay.of(rule.delay))
        ? undefined
        : `the delay of ${name} is not a duration`
    default:
      return undefined
  }
}

export const isRule = (value: unknown): value is Rule =>
  typeof value === "function" || isAnswer(value)

/** Whether a rule's answer is one: a rule in JavaScript may answer with anything. */
export const isAnswer = (value: unknown): value is OnError =>
  Predicate.hasProperty(value, "_tag") && typeof value._tag === "string" &&
  answers.includes(value._tag)

const answers: ReadonlyArray<string> = ["Retry", "Snooze", "Fail", "Cancel", "Complete"]

const isBackoff = (value: unknown): boolean =>
  value === undefined || typeof value === "function" || Schedule.isSchedule(value)

export const isCount = (value: unknown): boolean =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 1
