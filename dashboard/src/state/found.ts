/**
 * The jobs that a search has found so far. They stay as they were found until the person looks
 * again: a list that moves under the pointer is hard to read, and a search may cost much.
 */
import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { JobPage } from "../../../src/domain/JobList.ts"
import { type Failure, get } from "../api/call.ts"
import { type Found, hasEnough, limit, plus } from "./foundParts.ts"

/** Looks for jobs when it is shown, and for another text or `turn` anew. */
export const useFound = (text: string, turn: number) => {
  const found = useSignal<Found | undefined>(undefined)
  const failure = useSignal<Failure | undefined>(undefined)
  const isLooking = useSignal(false)
  // The answer for a look that is no longer the newest is not shown.
  const newest = useRef(0)

  const stop = () => {
    newest.current += 1
    isLooking.value = false
  }

  const look = async (before?: Found) => {
    const mine = newest.current += 1
    isLooking.value = true
    let sum = before
    let isDone = false
    while (!isDone) {
      const answer = await get<JobPage>(pathOf(text, sum?.next))
      if (mine !== newest.current) return
      failure.value = answer.is === "failure" ? answer : undefined
      if (answer.is === "value") found.value = sum = plus(sum, answer.value, Date.now())
      isDone = answer.is !== "value" || hasEnough(before, answer.value)
    }
    isLooking.value = false
  }

  useEffect(() => {
    void look()
    return stop
  }, [text, turn])

  useEffect(() => () => {
    found.value = undefined
    failure.value = undefined
  }, [text])

  return { found, failure, isLooking, stop, further: () => void look(found.value) }
}

const pathOf = (text: string, after: string | null | undefined): string => {
  const query = new URLSearchParams({ q: text, limit: String(limit) })
  if (after !== null && after !== undefined) query.set("after", after)
  return `jobs?${query}`
}
