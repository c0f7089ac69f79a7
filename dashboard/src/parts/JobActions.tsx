/**
 * Changes of one job: those that fit its state, and that the person may make.
 */
import { useSignal } from "@preact/signals"
import { useRef } from "preact/hooks"
import { change } from "../api/call.ts"
import type { JobDetail } from "../api/JobDetail.ts"
import { may } from "../state/session.ts"
import { Dialog } from "./Dialog.tsx"

interface Properties {
  readonly job: JobDetail
  readonly done: () => void
}

const redriven: ReadonlySet<string> = new Set([
  "failed",
  "crashed",
  "cancelled",
  "expired",
  "discarded"
])

export const JobActions = ({ done, job }: Properties) => {
  const isRetrying = useSignal(false)
  const isCancelling = useSignal(false)
  const isDiscarding = useSignal(false)
  const reason = useRef<HTMLInputElement>(null)
  const isWaiting = job.state === "waiting"
  const path = `job/${job.id}`

  return (
    <div class="actions">
      {may("retry") && (isWaiting || redriven.has(job.state))
        ? (
          <button type="button" onClick={() => (isRetrying.value = true)}>
            {isWaiting ? "Run now …" : "Queue again …"}
          </button>
        )
        : null}
      {may("discard") && (isWaiting || job.state === "running")
        ? <button type="button" onClick={() => (isCancelling.value = true)}>Cancel …</button>
        : null}
      {may("discard") && isWaiting
        ? <button type="button" onClick={() => (isDiscarding.value = true)}>Discard …</button>
        : null}
      <Dialog
        title={isWaiting ? `Run job ${job.id} now?` : `Queue job ${job.id} again?`}
        isOpen={isRetrying}
        does={isWaiting ? "Run now" : "Queue again"}
        act={() => change("POST", `${path}/retry`)}
        done={done}
      >
        <p>
          {isWaiting
            ? "It starts as soon as a slot is free and its lane is at it."
            : "It keeps its id and its place in its lane, and has all its attempts again."}
        </p>
      </Dialog>
      <Dialog
        title={`Cancel job ${job.id}?`}
        isOpen={isCancelling}
        does="Cancel the job"
        act={() => {
          const text = reason.current?.value.trim() ?? ""
          return change("POST", `${path}/cancel`, text === "" ? {} : { reason: text })
        }}
        done={done}
      >
        <p>A run is interrupted, and the job is not tried again. Its lane goes on.</p>
        <label>
          Reason <input ref={reason} type="text" maxLength={200} />
        </label>
      </Dialog>
      <Dialog
        title={`Discard job ${job.id}?`}
        isOpen={isDiscarding}
        does="Discard the job"
        act={() => change("POST", `${path}/discard`)}
        done={done}
      >
        <p>It goes to the history without a run, and the jobs behind it go on.</p>
      </Dialog>
    </div>
  )
}
