/**
 * A command or a statement, with a button that copies it.
 */
import { useSignal } from "@preact/signals"

const Command = ({ text }: { readonly text: string }) => {
  const said = useSignal("Copy")
  const copy = async () => {
    // Without TLS a browser has a clipboard for pages of this machine only.
    said.value = await write(text) ? "Copied" : "Select it to copy"
    setTimeout(() => (said.value = "Copy"), 2000)
  }
  return (
    <span class="command">
      <code>{text}</code>
      <button type="button" onClick={copy} aria-label={`${said.value}: ${text}`}>
        {said}
      </button>
    </span>
  )
}

/** The next step: one command, or several of which the person chooses one. */
export const Next = ({ text }: { readonly text: string }) => (
  <span class="next">
    {text.split(", or ").filter((one) => one !== "").map((one) => <Command key={one} text={one} />)}
  </span>
)

const write = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
