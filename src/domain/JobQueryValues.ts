/**
 * The values of the terms of a search: how each is read, and how it is printed.
 */
import { DateTime, Option } from "effect"
import {
  isOutcome,
  type JobState,
  numberMax,
  type Pattern,
  type PayloadField,
  type Range,
  type Since,
  spanMax,
  states
} from "./JobQuery.ts"
import { isQuoted, quoted, split, textOf, type Word } from "./JobQueryWords.ts"

/** How the value of a term is read and printed. A value that cannot be meant is nothing. */
export interface Value<A> {
  readonly read: (word: Word) => Option.Option<A>
  readonly print: (value: A) => string
  /** The values that a term takes, for people. */
  readonly is: string
}

const none = Option.none()

/** A text in which `*` stands for itself only in quotes. */
export const text: Value<string> = {
  read: (word) =>
    Option.filter(
      Option.some(textOf(word)),
      (text) => text !== "" && split(word, "*").length === 1
    ),
  print: (text) => quoted(text),
  is: "a text; one with blanks or * stands in quotes"
}

export const pattern: Value<Pattern> = {
  read: (word) =>
    textOf(word) === "" ? none : Option.some(split(word, "*").map((part) => textOf(part))),
  print: (parts) =>
    parts.length === 1
      ? quoted(parts[0] ?? "")
      : parts.map((part) => part === "" ? "" : quoted(part)).join("*"),
  is: "a text such as \"send mail\", or send-* for all that begin so"
}

export const range: Value<Range> = {
  read: (word) => {
    const [, sign, digits = ""] = /^([<>]=?)?(-?\d{1,19})$/.exec(textOf(word)) ?? []
    const [, first, last] = /^(-?\d{1,19})\.\.(-?\d{1,19})$/.exec(textOf(word)) ?? []
    if (first !== undefined && last !== undefined) {
      return within({ from: BigInt(first), to: BigInt(last) })
    }
    if (digits === "") return none
    const number = BigInt(digits)
    switch (sign) {
      case ">":
        return within({ from: number + 1n })
      case ">=":
        return within({ from: number })
      case "<":
        return within({ to: number - 1n })
      case "<=":
        return within({ to: number })
      default:
        return within({ from: number, to: number })
    }
  },
  print: ({ from, to }) =>
    from === undefined
      ? `<=${to}`
      : to === undefined
      ? `>=${from}`
      : from === to
      ? `${from}`
      : `${from}..${to}`,
  is: "a whole number: 7, 7..90, >7, >=7, <7 or <=7"
}

const within = (range: Range): Option.Option<Range> => {
  const { from = -numberMax, to = numberMax } = range
  return from <= to && from >= -numberMax && to <= numberMax ? Option.some(range) : none
}

/** States, with commas between them. */
export const statesOf = (allowed: ReadonlyArray<JobState>): Value<ReadonlyArray<JobState>> => ({
  read: (word) => {
    const named = new Set(textOf(word).split(","))
    const found = states.filter((state) => named.has(state) && allowed.includes(state))
    return found.length === named.size ? Option.some(found) : none
  },
  print: (found) => found.join(","),
  is: `one or more of ${allowed.join(", ")}, with commas between them`
})

export const anyState = statesOf(states)
export const anyOutcome = statesOf(states.filter(isOutcome))

const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]] as const

export const span: Value<number> = {
  read: (word) => {
    const [, amount = "", unit] = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(textOf(word)) ?? []
    const factor = units.find(([name]) => name === unit)?.[1]
    return factor === undefined
      ? none
      : Option.filter(
        Option.some(Math.round(Number(amount) * factor)),
        (millis) => millis <= spanMax
      )
  },
  print: (millis) => {
    const [unit, factor] = units.find(([, factor]) => millis % factor === 0) ?? ["ms", 1]
    return `${millis / factor}${unit}`
  },
  is: "a length of time such as 30s, 10m, 2h or 1d"
}

export const since: Value<Since> = {
  read: (word) => {
    const text = textOf(word)
    const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
    return hours !== undefined
      ? Option.some({ _tag: "Clock", minute: Number(hours) * 60 + Number(minutes) })
      : Option.orElse(
        Option.map(span.read(word), (millis): Since => ({ _tag: "Ago", millis })),
        () => moment(text)
      )
  },
  print: (since) => {
    switch (since._tag) {
      case "Ago":
        return span.print(since.millis)
      case "Clock":
        return [since.minute / 60, since.minute % 60]
          .map((part) => String(Math.floor(part)).padStart(2, "0"))
          .join(":")
      case "At":
        return new Date(since.millis).toISOString()
    }
  },
  is: "2h for two hours ago, 03:00 by UTC, or a time with a zone such as 2030-01-31T09:00:00+01:00"
}

const isMoment = /^(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** A time with a zone, or the beginning of a day by UTC. */
const moment = (text: string): Option.Option<Since> => {
  const day = isMoment.exec(text)?.[1]
  // JavaScript turns a day that a month does not have into a day of the next month.
  const isDay = day !== undefined &&
    Option.exists(
      DateTime.make(`${day}T00:00:00Z`),
      (utc) => DateTime.formatIsoDateUtc(utc) === day
    )
  return isDay
    ? DateTime.make(text === day ? `${day}T00:00:00Z` : text.replace(" ", "T")).pipe(
      Option.map(({ epochMilliseconds }): Since => ({ _tag: "At", millis: epochMilliseconds })),
      Option.filter((since) => since._tag === "At" && since.millis >= 0)
    )
    : none
}

const isScalar = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/

/** A number, `true`, `false` or `null` as it is written; anything else, and in quotes, a text. */
export const scalar: Value<string> = {
  read: (word) => {
    const text = textOf(word)
    return word.length === 0
      ? none
      : Option.some(!isQuoted(word) && isScalar.test(text) ? text : JSON.stringify(text))
  },
  print: (value) => {
    if (isScalar.test(value)) return value
    const text = String(JSON.parse(value))
    return isScalar.test(text) ? quoted(text, /^$/) : quoted(text)
  },
  is: "a number, true, false, null or a text; a text of digits stands in quotes"
}

export const path: Value<PayloadField["path"]> = {
  read: (word) => {
    const parts = split(word, ".").map((part) => part.length === 0 ? undefined : textOf(part))
    const found = parts.filter((part) => part !== undefined)
    return found.length === parts.length ? Option.some(found) : none
  },
  print: (parts) => parts.map((part) => quoted(part, /^[^\s"*:.]+$/)).join("."),
  is: "a field of the payload, as in payload.to:ada@example.com"
}
