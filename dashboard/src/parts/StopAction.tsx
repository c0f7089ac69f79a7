/**
 * Asks a worker to stop.
 */
import { useSignal } from "@preact/signals"
import { useRef } from "preact/hooks"
import type { WorkerOverview } from "../../../src/domain/Overview.ts"
import { change } from "../api/call.ts"
import { refresh } from "../state/live.ts"
import { Dialog } from "./Dialog.tsx"

const modes = [
  ["drain", "when no job waits"],
  ["finish", "when its running jobs are done"],
  ["cancel", "now: running jobs are interrupted and given back"]
] as const

export const StopAction = ({ of: { host, id, pid } }: { readonly of: WorkerOverview }) => {
  const isOpen = useSignal(false)
  const mode = useRef<HTMLSelectElement>(null)
  return (
    <>
      <button type="button" onClick={() => (isOpen.value = true)}>Stop …</button>
      <Dialog
        title={`Stop ${host}:${pid}?`}
        isOpen={isOpen}
        does="Stop"
        act={() => change("POST", `worker/${id}/stop`, { mode: mode.current?.value ?? "finish" })}
        done={refresh}
      >
        <p>The worker hears of it by its next renewal, within seconds.</p>
        <label>
          It stops{" "}
          <select ref={mode}>
            {modes.map(([name, when]) => (
              <option key={name} value={name} selected={name === "finish"}>
                {name}: {when}
              </option>
            ))}
          </select>
        </label>
      </Dialog>
    </>
  )
}
