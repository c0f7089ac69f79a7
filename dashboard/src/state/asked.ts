/**
 * The answer for a part of a page that is asked for when it is shown, and again every few seconds.
 */
import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { get } from "../api/call.ts"
import { isStopped } from "./live.ts"

export interface Asked<A> {
  readonly value: Signal<A | undefined>
  /** Why the newest answer is no value. */
  readonly failure: Signal<{ readonly status: number; readonly text: string } | undefined>
  readonly again: () => void
}

const interval = 3000

/** Asks for the value of a path of the API; for another path, it begins anew. */
export const useAsked = <A>(path: string): Asked<A> => {
  const value = useSignal<A | undefined>(undefined)
  const failure = useSignal<{ readonly status: number; readonly text: string } | undefined>(
    undefined
  )
  const turn = useSignal(0)

  useEffect(() => {
    let isGone = false
    const tags = new Map<string, string>()
    const ask = async () => {
      if (document.hidden) return
      const answer = await get<A>(path, tags)
      if (isGone) return
      failure.value = answer.is === "failure" ? answer : undefined
      if (answer.is === "value") value.value = answer.value
    }
    void ask()
    const timer = setInterval(() => isStopped.value ? undefined : void ask(), interval)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [path, turn.value])

  useEffect(() => () => (value.value = undefined), [path])
  return { value, failure, again: () => (turn.value += 1) }
}
