/**
 * The answers of `pgq why`, as text for people and as JSON.
 */
import { Duration } from "effect"
import type { Reason, Why } from "../../domain/Why.ts"
import * as StatusText from "../StatusText.ts"

export interface Answer {
  /** The job or the queue, as people name it. */
  readonly of: string
  readonly id?: bigint
  readonly why: Why
}

const verdicts: Readonly<Record<Why["verdict"], string>> = {
  running: "is running",
  waits: "waits",
  finished: "has ended",
  unknown: "is unknown"
}

export const ofAll = (answers: ReadonlyArray<Answer>, now: number): string =>
  answers
    .map(({ id, of, why }) =>
      [
        `${of} ${verdicts[why.verdict]}`,
        ...why.reasons.flatMap((reason, n) => lines(reason, { id, now, place: n + 1 }))
      ].join("\n")
    )
    .join("\n\n")

const lines = (
  { advice, code, detail, job, since, until }: Reason,
  { id, now, place }: {
    readonly id: bigint | undefined
    readonly now: number
    readonly place: number
  }
): ReadonlyArray<string> => {
  const about = job === undefined || job === id || code === "behind-key" ? "" : `job ${job}: `
  const times = [
    ...(since === undefined ? [] : [`since ${at(since)}, ${span(now - since.getTime())} ago`]),
    ...(until === undefined ? [] : [`until ${at(until)}, in ${span(until.getTime() - now)}`])
  ]
  // An error or a query may hold characters that a terminal obeys.
  const text = `${about}${detail}`.replaceAll(/\p{Cc}/gu, " ")
  return [
    `  ${place}. ${code}: ${text}${times.length === 0 ? "" : ` (${times.join("; ")})`}`,
    ...(advice === undefined ? [] : [`     advice: ${advice}`])
  ]
}

const at = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, "Z")

const span = (millis: number): string => StatusText.age(Duration.millis(Math.max(millis, 0)))

export const json = (answers: ReadonlyArray<Answer>): string =>
  JSON.stringify(answers.map(jsonOf), undefined, 2)

export const jsonOf = ({ id, why }: Pick<Answer, "id" | "why">) => ({
  ...(id === undefined ? {} : { id: String(id) }),
  verdict: why.verdict,
  reasons: why.reasons.map(({ advice, code, detail, job, since, until }) => ({
    code,
    detail,
    since: since ?? null,
    until: until ?? null,
    // JSON has no 64-bit integers.
    job: job === undefined ? null : String(job),
    advice: advice ?? null
  }))
})
