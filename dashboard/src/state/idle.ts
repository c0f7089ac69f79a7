/**
 * Whether an operation that runs makes no progress.
 */
import { useRef } from "preact/hooks"
import type { Operation } from "../../../src/domain/Operation.ts"
import { now } from "./now.ts"
import { fromUndo } from "./operations.ts"

/** A chunk and the rest behind it are shorter, in milliseconds. */
const patience = 15_000

/** Whether an operation is running or being undone, and nothing has happened since the page looks. */
export const useIdle = (operation: Operation): boolean => {
  const { left, state } = operation
  const isGoing = state === "running" || state === "undoing"
  const progress = `${state} ${left} ${fromUndo(operation)}`
  const seen = useRef({ progress: "", at: 0 })
  if (seen.current.progress !== progress) seen.current = { progress, at: now.peek() }
  return isGoing && now.value - seen.current.at > patience
}
