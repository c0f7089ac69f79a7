/**
 * Operations as text for people.
 */
import type { Operation, OperationItem, OperationPlan } from "../../domain/Operation.ts"
import * as StatusText from "../StatusText.ts"

/** The operations as a table. */
export const ofAll = (operations: ReadonlyArray<Operation>): string =>
  StatusText.table(
    ["id", "at", "by", "action", "state", "jobs", "done", "skipped", "undone", "reason"],
    operations.map(({ action, actor, at, done, id, planned, reason, skipped, state, undone }) =>
      [id, at, actor, action, state, planned, done, skipped, undone, reason ?? ""]
        .map((cell) => printable(String(cell)))
    )
  )

/** One operation: what it is, what came of it, and its jobs. */
export const ofPlan = (plan: OperationPlan, items: ReadonlyArray<OperationItem>): string =>
  [
    ofOne(plan),
    "",
    StatusText.table(
      ["jobs", "queue", "name", "was", "fits", "can be undone"],
      plan.parts.map(({ canUndo, count, fits, name, queue, was }) =>
        [count, queue ?? "", name ?? "", was, fits ? "yes" : "no", canUndo ? "yes" : "no"]
          .map((cell) => printable(String(cell)))
      )
    ),
    "",
    StatusText.table(
      ["job", "result", "undone", "worker", "error"],
      items.map(({ error, id, result, undone, worker }) =>
        [id, result ?? "", undone ?? "", worker ?? "", error ?? ""].map(printable)
      )
    ),
    ...(items.length < plan.planned ? [`and ${plan.planned - items.length} more`] : [])
  ].join("\n")

/** An operation and the results of it, in some lines. */
export const ofOne = (operation: Operation): string => {
  const { action, actor, canUndo, left, planned, reason, results, state, undos } = operation
  const counts = [
    ...results.map(({ count, result }) => `${count} ${result}`),
    ...(left > 0 ? [`${left} left`] : [])
  ]
  return [
    `${action} ${planned} ${planned === 1 ? "job" : "jobs"}, ${state}: ${counts.join(", ")}`,
    `planned by ${actor} at ${operation.at}${reason === null ? "" : `: ${reason}`}`,
    ...(undos.length > 0
      ? [`the undo: ${undos.map(({ count, result }) => `${count} ${result}`).join(", ")}`]
      : []),
    ...(canUndo > 0 ? [`${canUndo} can be undone: pgq undo ${operation.id}`] : [])
  ].map(printable).join("\n")
}

/** A reason may hold characters that a terminal obeys. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ")
