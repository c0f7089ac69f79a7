/**
 * Pauses a queue, with a reason that everybody sees, or resumes it.
 */
import { useSignal } from "@preact/signals"
import { useRef } from "preact/hooks"
import { type Answer, change } from "../api/call.ts"
import { refresh } from "../state/live.ts"
import { may } from "../state/session.ts"
import { Dialog } from "./Dialog.tsx"

interface Properties {
  readonly queue: string
  readonly isPaused: boolean
}

export const PauseAction = ({ isPaused, queue }: Properties) => {
  const isOpen = useSignal(false)
  const reason = useRef<HTMLInputElement>(null)
  const isRunningCancelled = useRef<HTMLInputElement>(null)
  if (!may("pause")) return null
  const path = `queue?${new URLSearchParams({ queue })}`

  const pause = async (): Promise<Answer<unknown>> => {
    const text = reason.current?.value.trim() ?? ""
    return change("PATCH", path, {
      paused: true,
      ...(text === "" ? {} : { reason: text }),
      cancelRunning: isRunningCancelled.current?.checked ?? false
    })
  }

  return (
    <div class="actions">
      <button type="button" onClick={() => (isOpen.value = true)}>
        {isPaused ? "Resume …" : "Pause …"}
      </button>
      {isPaused
        ? (
          <Dialog
            title={`Resume ${queue}?`}
            isOpen={isOpen}
            does="Resume"
            act={() => change("PATCH", path, { paused: false })}
            done={refresh}
          >
            <p>Its workers claim jobs again at once.</p>
          </Dialog>
        )
        : (
          <Dialog title={`Pause ${queue}?`} isOpen={isOpen} does="Pause" act={pause} done={refresh}>
            <p>No worker starts a job of the queue until somebody resumes it. Jobs can be added.</p>
            <label>
              Reason <input ref={reason} type="text" maxLength={200} />
            </label>
            <label class="choice">
              <input ref={isRunningCancelled} type="checkbox" />
              Interrupt running jobs and give them back; no attempt is used
            </label>
          </Dialog>
        )}
    </div>
  )
}
