/**
 * The flags that several commands share, and parsers for their values.
 */
import { DateTime, Duration, Option, Result } from "effect"
import { Argument, Flag } from "effect/cli"
import * as CooperativeMode from "../domain/CooperativeMode.ts"
import { delayMax } from "../domain/JobRecord.ts"
import * as ListenAddress from "../domain/ListenAddress.ts"

export const connection = Flag.Redacted("connection").pipe(
  Flag.withAlias("c"),
  Flag.withMetavar("CONN"),
  Flag.withDescription(
    "\"dbname=pgq host=/tmp\" or postgres://…; " +
      "else PGQ_URL, DATABASE_URL, PG*, the embedded server"
  ),
  Flag.optional
)

export const schema = Flag.String("schema").pipe(
  Flag.withDescription("The schema pgq lives in; else PGQ_SCHEMA, pgq"),
  Flag.optional
)

export const pidFile = Flag.String("pid-file").pipe(
  Flag.withAlias("p"),
  Flag.withMetavar("PIDFILE"),
  Flag.withDescription("The pid file of a running queue")
)

/** A length of time: 500ms, 10s, 2m, 1h, 1d. */
export const duration = (name: string): Flag.Flag<Duration.Duration> =>
  Flag.String(name).pipe(Flag.withMetavar("TIME"), Flag.filterMap(parseDuration, noDuration))

/** The same as an argument. */
export const durationArgument = (name: string): Argument.Argument<Duration.Duration> =>
  Argument.String(name).pipe(Argument.filterMap(parseDuration, noDuration))

const noDuration = (text: string): string =>
  `"${text}" is not a time such as 500ms, 10s, 2m, 1h, 1d, of at most 36500d`

/** A length of time, or `never`. */
export const durationOrNever = (name: string): Flag.Flag<Duration.Duration> =>
  Flag.String(name).pipe(
    Flag.withMetavar("TIME"),
    Flag.filterMap(
      (text) => text === "never" ? Option.some(Duration.infinity) : parseDuration(text),
      (text) =>
        `"${text}" is neither a time such as 500ms, 10s, 2m, 1h, 1d, of at most 36500d, nor never`
    )
  )

/** A point in time with its time zone, so that it means the same on every machine. */
export const moment = (name: string): Flag.Flag<Date> =>
  Flag.String(name).pipe(
    Flag.withMetavar("ISO"),
    Flag.filterMap(
      parseMoment,
      (text) => `"${text}" is not a time with a zone such as 2030-01-31T09:00:00+01:00`
    )
  )

/** A whole number, at least 1. */
export const count = (name: string): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter((n) => n >= 1 && n <= 10_000, (n) => `${n} is not a number from 1 to 10000`)
  )

/** An address to listen on. */
export const address = (name: string): Flag.Flag<ListenAddress.ListenAddress> =>
  Flag.String(name).pipe(
    Flag.withMetavar("ADDRESS"),
    Flag.filterMap(
      ListenAddress.parse,
      (text) => `"${text}" is not an address such as 127.0.0.1:7471, [::1]:7471, unix:/run/pgq.sock`
    )
  )

export const advisoryKey = Flag.String("advisory-key").pipe(
  Flag.withMetavar("KEY"),
  Flag.withDescription("The lock of --cooperative advisory: 42, or two integers, 7,9"),
  Flag.filterMap(
    (text) => Result.getSuccess(CooperativeMode.parseAdvisoryKey(text)),
    (text) => `"${text}" is neither one 64-bit integer (42) nor two 32-bit integers (7,9)`
  ),
  Flag.optional
)

export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const millis = units.get(unit ?? "")
  return millis === undefined
    ? Option.none()
    : Option.filter(
      Option.some(Duration.millis(Number(amount) * millis)),
      Duration.isLessThanOrEqualTo(delayMax)
    )
}

const units = new Map([["ms", 1], ["s", 1000], ["m", 60_000], ["h", 3_600_000], ["d", 86_400_000]])

export const parseMoment = (text: string): Option.Option<Date> => {
  const match = /^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text)
  const day = match?.[1]
  // JavaScript turns a day that a month does not have into a day of the next month.
  const isDay = day !== undefined && Option.exists(
    DateTime.make(`${day}T00:00:00Z`),
    (utc) => DateTime.formatIsoDateUtc(utc) === day
  )
  return isDay
    ? Option.map(DateTime.make(text.replace(" ", "T")), DateTime.toDateUtc)
    : Option.none()
}

/** The flags that choose jobs. */
export const selection = {
  queue: Flag.String("queue").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("Only jobs of this queue"),
    Flag.optional
  ),
  name: Flag.String("name").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("Only jobs of this name"),
    Flag.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withDescription("Only jobs with this key"),
    Flag.optional
  )
}

/** The flags of a command that shows a list in parts. */
export const parts = ({ after, limit, max }: {
  readonly max: number
  /** What `--after` and `--limit` do, for people. */
  readonly after: string
  readonly limit: string
}) => ({
  after: Flag.String("after").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription(after),
    Flag.optional
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withMetavar("N"),
    Flag.filter((n) => n >= 1 && n <= max, (n) => `${n} is not a number from 1 to ${max}`),
    Flag.withDescription(`${limit}; else 50`),
    Flag.withDefault(50)
  )
})
