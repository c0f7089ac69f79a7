/**
 * Who the person is for the server, and what they may do.
 */
import { signal } from "@preact/signals"
import type { Right } from "../../../src/http/Access.ts"
import { get, signIn } from "../api/call.ts"

export interface Session {
  readonly actor: string
  readonly rights: ReadonlyArray<Right>
  readonly schema: string
}

/** The session; none before the server has answered, or if it does not know the person. */
export const session = signal<Session | undefined>(undefined)

/** Whether the server asks for a token. */
export const isUnknown = signal(false)

/** Why the last token was refused, for people. */
export const refusal = signal<string | undefined>(undefined)

export const may = (right: Right): boolean => session.value?.rights.includes(right) ?? false

/** Takes the token out of the address, and asks who the person is. */
export const begin = async (): Promise<void> => {
  const address = new URL(location.href)
  const token = address.searchParams.get("token")
  if (token !== null) {
    address.searchParams.delete("token")
    history.replaceState(null, "", address)
    await signInWith(token)
  } else {
    await ask()
  }
}

/** Takes a token for the cookie of a session. */
export const signInWith = async (token: string): Promise<void> => {
  const answer = await signIn(token)
  refusal.value = answer.is === "failure" ? answer.text : undefined
  if (answer.is === "failure") isUnknown.value = true
  else await ask()
}

const ask = async (): Promise<void> => {
  const answer = await get<Session>("session")
  if (answer.is === "value") session.value = answer.value
  isUnknown.value = answer.is === "failure" && answer.status === 401
}
