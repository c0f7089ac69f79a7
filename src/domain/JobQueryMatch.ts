/**
 * Which jobs a search finds. PostgreSQL keeps the same rules by the statements of `PgJobSearch`.
 */
import type { JobQuery, JobState, Pattern, PayloadField, Range } from "./JobQuery.ts"
import * as JsonText from "./JsonText.ts"
import { isSecret } from "./SecretNames.ts"

/** A job, as far as a search looks at it. */
export interface Searched {
  readonly id: bigint
  readonly state: JobState
  readonly queue: string
  readonly name: string
  readonly key: string | undefined
  readonly priority: number
  readonly attempt: number
  /** The worker that has the job. */
  readonly worker: { readonly id: string; readonly label: string } | undefined
  /** When the job was added, or has ended, in milliseconds. */
  readonly at: number
  readonly error: string | undefined
  /** JSON text. */
  readonly payload: string
}

/** The times between which a job was added, or has ended, both included. */
export interface Times {
  readonly from: number | undefined
  readonly to: number | undefined
}

const day = 86_400_000

/** A search names times by the time at which it is asked for. */
export const timesOf = ({ older, since }: JobQuery, now: number): Times => ({
  from: fromOf(since, now),
  to: older === undefined ? undefined : now - older
})

const fromOf = (since: JobQuery["since"], now: number): number | undefined => {
  switch (since?._tag) {
    case undefined:
      return undefined
    case "Ago":
      return now - since.millis
    case "At":
      return since.millis
    case "Clock": {
      const today = now - now % day + since.minute * 60_000
      return today <= now ? today : today - day
    }
  }
}

/** Whether a search finds a job, by the time at which it was asked for. */
export const fits = (query: JobQuery, now: number) => {
  const { from = -Infinity, to = Infinity } = timesOf(query, now)
  return (job: Searched): boolean =>
    isWithin(query.id, job.id) &&
    (query.state === undefined || query.state.includes(job.state)) &&
    (query.queue === undefined || query.queue === job.queue) &&
    isLike(query.name, [job.name]) &&
    (query.key === undefined || query.key === job.key) &&
    isWithin(query.priority, job.priority) &&
    isWithin(query.attempt, job.attempt) &&
    isLike(query.worker, job.worker === undefined ? [] : [job.worker.label, job.worker.id]) &&
    from <= job.at && job.at <= to &&
    has(job.error, query.error) &&
    (query.payload ?? []).every((field) => hasField(job.payload, field)) &&
    (query.text === undefined || hasText(job, query.text))
}

const isWithin = (range: Range | undefined, value: bigint | number): boolean =>
  (range?.from === undefined || range.from <= value) &&
  (range?.to === undefined || value <= range.to)

/** Case does not matter. */
const has = (text: string | undefined, part: string | undefined): boolean =>
  part === undefined || text?.toLowerCase().includes(part.toLowerCase()) === true

/** A payload with a secret is not looked at: who finds it by a part of the secret would know it. */
const hasText = ({ error, payload }: Searched, text: string): boolean =>
  has(error, text) ||
  (has(payload, text) && JsonText.names(payload).every(({ name }) => !isSecret(name)))

const isLike = (pattern: Pattern | undefined, texts: ReadonlyArray<string>): boolean =>
  pattern === undefined || texts.some((text) => fitsPattern(pattern, text))

/** The parts stand in the text in their order, the first at its beginning, the last at its end. */
const fitsPattern = (pattern: Pattern, text: string): boolean => {
  const [first = "", ...rest] = pattern
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

/** The same for LIKE, with a backslash before each character that is meant as it is. */
export const like = (pattern: Pattern): string =>
  pattern.map((part) => part.replaceAll(/[\\%_]/g, "\\$&")).join("%")

const hasField = (payload: string, { path, value }: PayloadField): boolean => {
  let found: string | undefined = payload.trim()
  for (const field of path) {
    // Of two members of one name, the last one counts.
    found = found?.startsWith("{") === true
      ? JsonText.members(found).findLast(({ name }) => name === field)?.value
      : undefined
  }
  return found !== undefined && isSame(found, value)
}

/** Numbers may be written in several ways; those that JavaScript rounds are compared as written. */
const isSame = (one: string, other: string): boolean => {
  if (one === other) return true
  if (/^[[{]/.test(one)) return false
  const value: unknown = JSON.parse(one)
  return value === JSON.parse(other) &&
    (typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER)
}

/** Objects, one in the other, that have the field: what `@>` looks for. */
export const contained = ({ path, value }: PayloadField): string =>
  path.reduceRight((inner, field) => `{${JSON.stringify(field)}:${inner}}`, value)
