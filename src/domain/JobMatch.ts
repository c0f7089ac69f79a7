/**
 * Compares queued jobs with the one that a test expects.
 */
import { Duration, Equal, Predicate } from "effect"
import { delayText, type QueuedJob, textOf, valueText } from "./QueuedJob.ts"

/** The job that a test expects: a part left out fits any job. */
export interface Expected<Payload> {
  /**
   * The payload, or a part of it. A plain object fits an object that has at least these fields; an
   * array fits one of the same length. Other values are compared as values, as of type: a `Date`
   * with a `Date`.
   */
  readonly payload?: PartOf<Payload> | undefined
  readonly key?: string | undefined
  readonly queue?: string | undefined
  readonly priority?: number | undefined
  readonly maxAttempts?: number | undefined
  /** The job comes due within this time from now. */
  readonly within?: Duration.Input | undefined
}

/** A value, or an object with some of its fields. */
export type PartOf<A> = A extends Whole ? A
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<PartOf<B>>
  : A extends object ? { readonly [K in keyof A]?: PartOf<A[K]> }
  : A

type Whole =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | ((...args: ReadonlyArray<never>) => unknown)

/** The expectation in words, as in `"greet" with payload {"name":"Ada"}`. */
export const describe = (name: string, expected: Expected<unknown>): string => {
  const { within, ...rest } = expected
  const parts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([part, value]) => `${part} ${valueText(value)}`)
  const all = within === undefined
    ? parts
    : [...parts, `due within ${Duration.format(Duration.fromInputUnsafe(within))}`]
  return all.length === 0 ? `"${name}"` : `"${name}" with ${all.join(", ")}`
}

/** The points in which a job of the right kind is not as expected. */
export const differences = (
  job: QueuedJob<unknown>,
  { payload, within, ...expected }: Expected<unknown>
): ReadonlyArray<string> => [
  ...(payload === undefined ? [] : unlike("payload", job.payload, payload)),
  ...unlike("", job, expected),
  ...(within === undefined || isWithin(job, within)
    ? []
    : [Duration.isZero(job.delay) ? "due" : delayText(job.delay)])
]

const isWithin = ({ delay }: QueuedJob<unknown>, within: Duration.Input): boolean =>
  Duration.isLessThanOrEqualTo(delay, Duration.fromInputUnsafe(within))

const unlike = (path: string, actual: unknown, expected: unknown): ReadonlyArray<string> => {
  if (isPlain(expected) && Predicate.isObject(actual)) {
    return Object.entries(expected).flatMap(([field, value]: [string, unknown]) =>
      path === "" && value === undefined
        ? []
        : unlike(path === "" ? field : `${path}.${field}`, fieldOf(actual, field), value)
    )
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((value: unknown, nth) => unlike(`${path}[${nth}]`, actual[nth], value))
  }
  return Equal.equals(actual, expected) ? [] : [`${path} is ${valueText(actual)}`]
}

const isPlain = (value: unknown): value is object => {
  if (!Predicate.isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const fieldOf = (value: object, field: string): unknown =>
  Predicate.hasProperty(value, field) ? value[field] : undefined

/** A line for each job: first those of the kind, with the fewest differences in front. */
export const nearest = (
  name: string,
  expected: Expected<unknown>,
  jobs: ReadonlyArray<QueuedJob<unknown>>
): ReadonlyArray<string> =>
  jobs.map((job) => {
    if (job.name !== name) return { line: textOf(job), distance: Infinity }
    const points = differences(job, expected)
    return { line: `${textOf(job)}: ${points.join(", ")}`, distance: points.length }
  })
    .toSorted((a, b) => a.distance === b.distance ? 0 : a.distance - b.distance)
    .map(({ line }) => line)
