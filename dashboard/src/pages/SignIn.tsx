/**
 * Asks for the token that the server has printed.
 */
import { useRef } from "preact/hooks"
import { refusal, signInWith } from "../state/session.ts"
import { Page } from "./Page.tsx"

export const SignIn = () => {
  const field = useRef<HTMLInputElement>(null)
  const send = (event: Event) => {
    event.preventDefault()
    const token = field.current?.value.trim() ?? ""
    if (token !== "") void signInWith(token)
  }
  return (
    <Page title="Who are you?">
      <form class="sign-in" onSubmit={send}>
        <label for="token">
          The token at the end of the address that <code>pgq dashboard</code> has printed
        </label>
        <input id="token" ref={field} type="password" autocomplete="off" required />
        <button type="submit">Go on</button>
        {refusal.value === undefined ? null : <p class="refusal" role="alert">{refusal}</p>}
      </form>
    </Page>
  )
}
