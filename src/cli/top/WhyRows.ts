/**
 * Why a job, a queue or a problem is as it is: the evidence and the reasons, as rows.
 */
import * as Cells from "../Cells.ts"
import * as WhyText from "../commands/WhyText.ts"
import type { Section, Subject } from "./Page.ts"
import { detailOf, type State } from "./TopState.ts"

export const page = (state: State, of: Subject, width: number): ReadonlyArray<Section> => {
  const lines = [
    ...(of.kind === "problem" ? evidence(of) : []),
    ...reasons(state, of)
  ].flatMap((line) => Cells.wrap(line, width))
  return [{
    head: [],
    rows: lines.map((text, n) => ({ text, item: { id: `line ${n}` } }))
  }]
}

const evidence = ({ problem }: Extract<Subject, { readonly kind: "problem" }>) => [
  `${problem.code}: ${problem.text}`,
  ...Object.entries(problem.evidence).map(([name, value]) => `  ${name}: ${value ?? "?"}`),
  `  next: ${problem.next}`,
  ""
]

const reasons = (state: State, of: Subject): ReadonlyArray<string> => {
  const asked = askedOf(of)
  if (asked === undefined) return []
  const name = asked.kind === "job" ? `job ${asked.id}` : `queue ${asked.queue}`
  const why = detailOf(state)?.why
  if (why === undefined) return [`${name}: not read yet`]
  const now = Date.parse(state.figures?.overview.at ?? "")
  const id = asked.kind === "job" ? { id: asked.id } : {}
  return WhyText.ofAll([{ of: name, ...id, why }], now).split("\n")
}

/** The job or the queue that the database is asked about, if there is one. */
export const askedOf = (
  of: Subject
): Exclude<Subject, { readonly kind: "problem" }> | undefined => {
  if (of.kind !== "problem") return of
  const { id, job, queue } = of.problem.evidence
  const jobId = job ?? id
  return typeof jobId === "string" && /^\d+$/.test(jobId)
    ? { kind: "job", id: BigInt(jobId) }
    : typeof queue === "string"
    ? { kind: "queue", queue }
    : undefined
}
