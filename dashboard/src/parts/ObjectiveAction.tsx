/**
 * Sets how long the ready jobs of a queue should wait at most, or takes that back.
 */
import { useSignal } from "@preact/signals"
import { useRef } from "preact/hooks"
import { type Answer, change } from "../api/call.ts"
import { refresh } from "../state/live.ts"
import { may } from "../state/session.ts"
import { Dialog } from "./Dialog.tsx"

interface Properties {
  readonly queue: string
  /** In seconds. */
  readonly objective: number | null
}

export const ObjectiveAction = ({ objective, queue }: Properties) => {
  const isOpen = useSignal(false)
  const seconds = useRef<HTMLInputElement>(null)
  if (!may("pause")) return null

  const set = async (): Promise<Answer<unknown>> => {
    const text = seconds.current?.value.trim() ?? ""
    return change("PATCH", `queue?${new URLSearchParams({ queue })}`, {
      objectiveSeconds: text === "" ? null : Number(text)
    })
  }

  return (
    <div class="actions">
      <button type="button" onClick={() => (isOpen.value = true)}>Objective …</button>
      <Dialog
        title={`How late may ${queue} be?`}
        isOpen={isOpen}
        does="Set"
        act={set}
        done={refresh}
      >
        <p>The queue is late when its first ready job has waited for longer. None is a minute.</p>
        <label>
          Seconds{" "}
          <input
            ref={seconds}
            type="number"
            min={1}
            step="any"
            defaultValue={objective === null ? "" : String(objective)}
          />
        </label>
      </Dialog>
    </div>
  )
}
