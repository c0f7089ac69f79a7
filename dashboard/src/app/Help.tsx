/**
 * The keys, and whether they do something.
 */
import { useEffect, useRef } from "preact/hooks"
import { hasKeys } from "../state/settings.ts"
import { isHelpOpen, ways } from "./keys.ts"

const keys: ReadonlyArray<readonly [keys: ReadonlyArray<string>, does: string]> = [
  ...ways.map(([letter, , title]) => [["g", letter], title] as const),
  [["j"], "the next row"],
  [["k"], "the row before"],
  [["Enter"], "opens the link that has the focus"],
  [["/"], "to the search"],
  [["."], "stops the looks, or goes on"],
  [["t"], "the next theme"],
  [["?"], "this list"]
]

export const Help = () => {
  const dialog = useRef<HTMLDialogElement>(null)
  // The browser gives the focus back when the dialog is closed.
  useEffect(() => {
    if (isHelpOpen.value && !dialog.current?.open) dialog.current?.showModal()
    if (!isHelpOpen.value) dialog.current?.close()
  }, [isHelpOpen.value])

  return (
    <dialog ref={dialog} aria-label="Keys" onClose={() => (isHelpOpen.value = false)}>
      <h2>Keys</h2>
      <dl class="keys">
        {keys.map(([keys, does]) => (
          <div key={does}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="choice">
        <input
          type="checkbox"
          checked={hasKeys.value}
          onChange={({ currentTarget }) => (hasKeys.value = currentTarget.checked)}
        />
        Single keys do this
      </label>
      <div class="actions">
        <button type="button" onClick={() => (isHelpOpen.value = false)}>Close</button>
      </div>
    </dialog>
  )
}
