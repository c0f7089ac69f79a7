/**
 * Runs, stops and undoes an operation, as its state and the person's rights allow.
 */
import { type Signal, useSignal } from "@preact/signals"
import { useRef } from "preact/hooks"
import * as CountText from "../../../src/domain/CountText.ts"
import type { Operation } from "../../../src/domain/Operation.ts"
import { begun } from "../state/begun.ts"
import { useIdle } from "../state/idle.ts"
import { mayDo, verbs } from "../state/operations.ts"
import { Dialog } from "./Dialog.tsx"
import { PlanDialog, usePlanning } from "./Planning.tsx"

interface Properties {
  readonly operation: Operation
  /** Asks for the operation again. */
  readonly again: () => void
}

export const OperationActions = ({ again, operation }: Properties) => {
  const isRunning = useSignal(false)
  const isUndoing = useSignal(false)
  const planning = usePlanning()
  const failure = useSignal<string | undefined>(undefined)
  const isIdle = useIdle(operation)
  if (!mayDo(operation.action)) return null

  const { action, canUndo, done, planned, query, state } = operation
  const step = { failure, again, operation }
  const isNew = state === "planned" && planned > 0
  const goesOn = state === "stopped" || state === "running" && isIdle
  const hasUndo = canUndo > 0 && done > 0 && (state === "done" || state === "stopped") ||
    state === "undoing" && isIdle
  return (
    <>
      {isIdle
        ? (
          <p class="about">
            Nothing has happened for a while: the server that was at it may be gone. Another one
            goes on from here.
          </p>
        )
        : null}
      {failure.value === undefined ? null : <p class="refusal" role="alert">{failure.value}</p>}
      <div class="actions">
        {isNew || goesOn
          ? (
            <button type="button" class="main" onClick={() => (isRunning.value = true)}>
              {isNew ? "Run …" : "Go on …"}
            </button>
          )
          : null}
        {state === "running" ? <Stop {...step} /> : null}
        {hasUndo
          ? <button type="button" onClick={() => (isUndoing.value = true)}>Undo …</button>
          : null}
        {state === "expired" && query !== null && action !== "edit"
          ? (
            <button type="button" onClick={() => planning.plan({ action, query })}>
              Plan it anew …
            </button>
          )
          : null}
      </div>
      <Run {...step} isOpen={isRunning} />
      <Undo {...step} isOpen={isUndoing} />
      <PlanDialog of={planning} />
    </>
  )
}

interface Step {
  readonly operation: Operation
  readonly failure: Signal<string | undefined>
  readonly again: () => void
}

/** Sends a step. A refusal that comes after the dialog is closed stands on the page. */
const send = (
  { again, failure, operation: { id } }: Step,
  step: "run" | "stop" | "undo",
  body: unknown = {}
) => {
  failure.value = undefined
  return begun(`operations/${id}/${step}`, body, (text) => {
    failure.value = text
    again()
  })
}

const Stop = (step: Step) => {
  const isBusy = useSignal(false)
  const stop = async () => {
    isBusy.value = true
    const answer = await send(step, "stop")
    isBusy.value = false
    if (answer.is === "failure") step.failure.value = answer.text
    step.again()
  }
  return <button type="button" disabled={isBusy.value} onClick={stop}>Stop the run</button>
}

/** Above so many jobs, the server wants their number repeated. */
const unconfirmedMax = 1000

interface Asking extends Step {
  readonly isOpen: Signal<boolean>
}

const Run = ({ isOpen, ...step }: Asking) => {
  const typed = useRef<HTMLInputElement>(null)
  const { operation: { action, left, planned, state } } = step
  const isLarge = planned > unconfirmedMax
  const isNew = state === "planned"
  return (
    <Dialog
      title={`${verbs[action]} ${jobs(left)}?`}
      isOpen={isOpen}
      does={isNew ? `${verbs[action]} them` : "Go on"}
      act={() => send(step, "run", isLarge ? { count: numberOf(typed.current?.value) } : {})}
      done={step.again}
    >
      <p>
        Each job is changed if it is still as the step needs it, and else skipped with a reason. A
        job that a worker has is left to it.
      </p>
      {isLarge
        ? (
          <label>
            Type {planned} to go on
            <input
              ref={typed}
              type="text"
              inputMode="numeric"
              autocomplete="off"
              required
              pattern={`\\s*${planned}\\s*`}
              title={`The number of jobs: ${planned}`}
            />
          </label>
        )
        : null}
    </Dialog>
  )
}

const numberOf = (text = ""): number => Number.parseInt(text.trim(), 10)

const Undo = ({ isOpen, ...step }: Asking) => {
  const { operation: { action, canUndo } } = step
  return (
    <Dialog
      title={`Undo: ${action} ${jobs(canUndo)}?`}
      isOpen={isOpen}
      does="Put them back"
      act={() => send(step, "undo")}
      done={step.again}
    >
      <p>
        Jobs are put back that nobody has changed since, and that no worker has taken. Work that has
        run cannot be undone.
      </p>
    </Dialog>
  )
}

const jobs = (count: number): string =>
  `${CountText.grouped(count)} ${count === 1 ? "job" : "jobs"}`
