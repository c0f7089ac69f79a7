/**
 * Operations in words, and who may do what with them.
 */
import type { Operation, OperationAction } from "../../../src/domain/Operation.ts"
import type { Right } from "../../../src/http/Access.ts"
import { may } from "./session.ts"

const rights: Readonly<Record<OperationAction, Right>> = {
  retry: "retry",
  cancel: "discard",
  discard: "discard",
  edit: "edit"
}

/** Whether the person may plan and run operations of this action. */
export const mayDo = (action: OperationAction): boolean => may("retry") && may(rights[action])

export const verbs: Readonly<Record<OperationAction, string>> = {
  retry: "Retry",
  cancel: "Cancel",
  discard: "Discard",
  edit: "Edit"
}

const ended = ["completed", "failed", "crashed", "cancelled", "expired", "discarded"]

/** The states of jobs that are left alone. */
const leftByEnds: ReadonlySet<string> = new Set(["running", ...ended])
const leftByRetries: ReadonlySet<string> = new Set(["ready", "waiting", "running", "completed"])

/** Whether the action is for jobs in this state. */
export const fits = (action: OperationAction, state: string): boolean =>
  !(action === "retry" ? leftByRetries : leftByEnds).has(state)

const results: Readonly<Record<string, string>> = {
  redriven: "queued again",
  retried: "to run now",
  undone: "put back",
  running: "a worker has it",
  held: "another transaction has locked it",
  gone: "it has ended, or is not there",
  queued: "it was ready already",
  conflict: "another job has its unique key",
  refused: "refused by a trigger",
  changed: "it has changed since",
  final: "its end cannot be undone"
}

/** The result of a job of an operation. */
export const resultText = (result: string): string => results[result] ?? result

/** How many jobs have had their turn in the undo. */
export const fromUndo = ({ undos }: Pick<Operation, "undos">): number =>
  undos.reduce((sum, { count }) => sum + count, 0)
