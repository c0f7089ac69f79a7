/**
 * The state of an operation.
 */
import type { Operation } from "../../../src/domain/Operation.ts"

const tones: Readonly<Partial<Record<Operation["state"], string>>> = {
  running: "good",
  done: "good",
  stopped: "bad"
}

export const OperationState = ({ of: state }: { readonly of: Operation["state"] }) => (
  <span class={`tag ${tones[state] ?? ""}`}>{state}</span>
)
