/**
 * The verdict, and the problems behind it: the worst first, each with its next step.
 */
import type { Verdict as Of } from "../../../src/domain/Verdict.ts"
import { Next } from "./Command.tsx"

const words = { good: "Good", bad: "Bad", unknown: "Unknown" } as const

/** The verdict in one sentence. A screen reader says it when it changes. */
export const Verdict = ({ of }: { readonly of: Of }) => (
  <p class={`verdict ${of.state}`} role="status">
    <strong class="state">{words[of.state]}</strong>
    <span>{of.sentence}</span>
  </p>
)

/** All problems. The verdict has already said the first one where it is the only one. */
export const Problems = ({ of }: { readonly of: Of }) =>
  of.problems.length === 0 ? null : (
    <ol class="problems">
      {of.problems.map(({ code, next, severity, text }) => (
        <li key={`${code} ${text}`} class={severity}>
          <span class="code">{code}</span>
          <span class="text">{text}</span>
          <Next text={next} />
        </li>
      ))}
    </ol>
  )
