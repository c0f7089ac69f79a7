/**
 * Plans a step for all jobs of a search, and leads to its preview. Nothing is changed yet.
 */
import { type Signal, useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useRef } from "preact/hooks"
import type { OperationAction } from "../../../src/domain/Operation.ts"
import { change } from "../api/call.ts"
import { verbs } from "../state/operations.ts"
import { go, to } from "../state/route.ts"
import { uuid } from "../state/uuid.ts"
import { Dialog } from "./Dialog.tsx"

interface Wish {
  readonly action: OperationAction
  readonly query: string
  /** Which jobs these are, where the search says less. */
  readonly about?: ComponentChildren
}

export interface Planning {
  readonly wish: Signal<Wish & { readonly id: string } | undefined>
  readonly isOpen: Signal<boolean>
  /** Opens the dialog. The id is that of this wish, however often it is sent. */
  readonly plan: (wish: Wish) => void
}

export const usePlanning = (): Planning => {
  const wish = useSignal<Wish & { readonly id: string } | undefined>(undefined)
  const isOpen = useSignal(false)
  const plan = (next: Wish) => {
    wish.value = { ...next, id: uuid() }
    isOpen.value = true
  }
  return { wish, isOpen, plan }
}

/** A search may have to look at the whole history. */
const patience = 60_000

export const PlanDialog = ({ of: { isOpen, wish } }: { readonly of: Planning }) => {
  const reason = useRef<HTMLInputElement>(null)
  const { about, action = "retry", id = "", query = "" } = wish.value ?? {}
  return (
    <Dialog
      title={`${verbs[action]} all jobs of a search?`}
      isOpen={isOpen}
      does="Show the plan"
      act={() => {
        const text = reason.current?.value.trim() ?? ""
        return change(
          "POST",
          "operations",
          { id, action, query, ...text === "" ? {} : { reason: text } },
          patience
        )
      }}
      done={() => go(to("operation", { id }))}
    >
      <p>
        <code>{query}</code>
      </p>
      {about === undefined ? null : <p>{about}</p>}
      <p>The plan names the jobs, and says what would become of them. It changes nothing yet.</p>
      <label>
        Reason <input ref={reason} type="text" maxLength={200} />
      </label>
    </Dialog>
  )
}
