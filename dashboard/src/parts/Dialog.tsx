/**
 * Asks before something changes. The dialog stays open while the change is refused, and says why.
 */
import { type Signal, useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { Answer } from "../api/call.ts"

interface Properties {
  readonly title: string
  readonly isOpen: Signal<boolean>
  /** The verb on the button. */
  readonly does: string
  readonly act: () => Promise<Answer<unknown>>
  /** Called when the change is made. */
  readonly done: () => void
  readonly children: ComponentChildren
}

export const Dialog = ({ act, children, does, done, isOpen, title }: Properties) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const failure = useSignal<string | undefined>(undefined)
  const isBusy = useSignal(false)

  // The browser keeps the focus in the dialog, and gives it back when the dialog is closed.
  useEffect(() => {
    if (isOpen.value && !dialog.current?.open) dialog.current?.showModal()
    if (!isOpen.value) dialog.current?.close()
  }, [isOpen.value])

  const submit = async (event: Event) => {
    event.preventDefault()
    if (isBusy.value) return
    isBusy.value = true
    const answer = await act()
    isBusy.value = false
    failure.value = answer.is === "failure" ? answer.text : undefined
    if (answer.is === "failure") return
    isOpen.value = false
    done()
  }

  return (
    <dialog
      ref={dialog}
      aria-label={title}
      onClose={() => {
        isOpen.value = false
        failure.value = undefined
      }}
    >
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        {failure.value === undefined ? null : <p class="refusal" role="alert">{failure}</p>}
        <div class="actions">
          <button type="submit" class="main" disabled={isBusy.value}>{does}</button>
          <button type="button" onClick={() => (isOpen.value = false)}>Leave it</button>
        </div>
      </form>
    </dialog>
  )
}
