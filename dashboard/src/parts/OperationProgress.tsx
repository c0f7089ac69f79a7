/**
 * How far an operation is, in words and as a bar.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import type { Operation } from "../../../src/domain/Operation.ts"
import { fromUndo } from "../state/operations.ts"
import { Time } from "./Figures.tsx"

export const OperationProgress = ({ of: operation }: { readonly of: Operation }) => {
  const { done, left, planned, state } = operation
  const isUndo = state === "undoing"
  const [count, all] = isUndo ? [fromUndo(operation), done] : [planned - left, planned]
  return (
    <>
      {state === "running" || state === "stopped" || isUndo
        ? <progress aria-label={isUndo ? "The undo" : "The run"} value={count} max={all} />
        : null}
      <p role="status">
        <Words of={operation} />
        {state === "running" || state === "stopped" || isUndo
          ? ` ${CountText.grouped(count)} of ${CountText.grouped(all)} jobs had their turn.`
          : null}
      </p>
    </>
  )
}

const Words = ({ of: { canUndo, done, endedAt, expiresAt, planned, skipped, state, undone } }: {
  readonly of: Operation
}) => {
  switch (state) {
    case "planned":
      return planned === 0
        ? <>The search has found no job: there is nothing to run.</>
        : (
          <>
            Nothing is changed yet. The plan can be run until <Time at={expiresAt} />.
          </>
        )
    case "expired":
      return <>The plan was not run in ten minutes, and cannot be run any more.</>
    case "running":
      return <>It runs.</>
    case "stopped":
      return <>It is stopped.</>
    case "undoing":
      return <>It is being undone.</>
    case "done":
      return (
        <>
          {`${jobs(done)} changed, ${CountText.grouped(skipped)} skipped. `}
          {done === 0 ? null : canUndo === 0
            ? "None of them can be undone."
            : `${jobs(canUndo)} can be put back, unless a worker takes them first.`}
        </>
      )
    case "undone":
      return (
        <>
          {`${jobs(undone)} put back, of ${CountText.grouped(done)} that were changed`}
          {endedAt === null ? null : (
            <>
              , <Time at={endedAt} />
            </>
          )}
          .
        </>
      )
  }
}

const jobs = (count: number): string =>
  `${CountText.grouped(count)} ${count === 1 ? "job" : "jobs"}`
