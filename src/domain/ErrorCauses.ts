/**
 * The errors behind an error: its cause, the errors of an AggregateError, and their causes.
 */
import { Cause, Predicate } from "effect"

/** An error behind another one. */
export interface Inner {
  readonly label: string
  readonly error: unknown
  /** 1 for an error directly behind the given one. */
  readonly depth: number
}

/** The failures of a cause. Interruptions do not count. */
export const failures = (cause: Cause.Cause<unknown>): ReadonlyArray<unknown> =>
  cause.reasons.flatMap((reason) =>
    reason._tag === "Fail" ? [reason.error] : reason._tag === "Die" ? [reason.defect] : []
  )

/** Every error behind this one, once each, in the order to print them; at most one hundred. */
export const behind = (error: unknown): ReadonlyArray<Inner> => {
  const seen = new Set([error])
  const found: Array<Inner> = []
  // A loop, because a chain of causes may be endless.
  const left = directlyBehind(error, 1).toReversed()
  while (left.length > 0 && found.length < innerMax) {
    const inner = left.pop()
    if (inner === undefined || seen.has(inner.error)) continue
    if (typeof inner.error === "object") seen.add(inner.error)
    found.push(inner)
    left.push(...directlyBehind(inner.error, inner.depth + 1).toReversed())
  }
  return found
}

const innerMax = 100

const directlyBehind = (error: unknown, depth: number): ReadonlyArray<Inner> => {
  if (!Predicate.isObject(error)) return []
  const listed = Cause.isCause(error) ? failures(error) : gathered(error)
  const many = listed.slice(0, innerMax)
    .map((each, index) => ({ label: `error ${index + 1}`, error: each, depth }))
  const single = singles.flatMap(({ label, property }) => {
    const each = Predicate.hasProperty(error, property) ? error[property] : undefined
    return each === undefined || each === null ? [] : [{ label, error: each, depth }]
  })
  return [...many, ...single]
}

const singles = [
  { label: "cause", property: "cause" },
  { label: "suppressed", property: "suppressed" }
] as const

/** Only an AggregateError's `errors` are errors; any other `errors` may hold anything. */
const gathered = (error: object): ReadonlyArray<unknown> => {
  const listed: unknown = Predicate.hasProperty(error, "errors") ? error.errors : undefined
  if (!Array.isArray(listed)) return []
  return error instanceof AggregateError ? listed : listed.filter((each) => each instanceof Error)
}

/** The error's message. An error without one is named by its code or its class. */
export const messageOf = (error: unknown): string => {
  if (!Predicate.isObject(error)) return String(error)
  const [message, code, name] = ["message", "code", "name"].map((property) =>
    Predicate.hasProperty(error, property) ? error[property] : undefined
  )
  const text = [message, code, name].find((each) => typeof each === "string" && each !== "")
  if (typeof text === "string") return text
  const own = String(error)
  return own.startsWith("[object ") ? Cause.prettyErrors(Cause.fail(error))[0]?.message ?? own : own
}

/** One line: the error's message, and the messages of the errors behind it that add something. */
export const line = (error: unknown): string => {
  const own = messageOf(error)
  const inner = behind(error).filter(({ error: each }) => !Cause.isCause(each))
  const hasNone = inner.length > 0 && !(Predicate.hasProperty(error, "message") && error.message)
  const said = hasNone || Cause.isCause(error) ? [] : [own]
  for (const each of inner) {
    const message = messageOf(each.error)
    if (!said.some((text) => `: ${text}`.endsWith(`: ${message}`))) said.push(message)
  }
  const [first = own, ...others] = said
  return [first, ...others.length > 0 ? [others.join("; ")] : []].join(hasNone ? "; " : ": ")
    .trim().replace(/\s*\n\s*/g, " ")
}
