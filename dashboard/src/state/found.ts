/**
 * The jobs that a search has found so far. They stay as they were found until the person looks
 * again: a list that moves under the pointer is hard to read, and a search may cost much.
 */
import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { JobPage, JobRow } from "../../../src/domain/JobList.ts"
import { type Failure, get } from "../api/call.ts"

export interface Found {
  readonly items: ReadonlyArray<JobRow>
  /** The cursor to look further from. */
  readonly next: string | null
  /** Whether the last part had as many jobs as it may have, so that there are likely more. */
  readonly isFull: boolean
  /** The jobs that were looked at, and when the last of them was added or has ended. */
  readonly rows: number
  readonly downTo: string | null
  /** When the first part was found, by the clock of this machine. */
  readonly at: number
}

const limit = 50

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
      if (answer.is === "value") found.value = sum = plus(sum, answer.value)
      // A part may have no job: whoever looks further wants to see one, or that there is none.
      isDone = answer.is !== "value" || before === undefined || answer.value.next === null ||
        answer.value.items.length > 0
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

const plus = (sum: Found | undefined, { items, next, scanned }: JobPage): Found => ({
  items: [...sum?.items ?? [], ...items],
  next,
  isFull: items.length >= limit,
  rows: (sum?.rows ?? 0) + scanned.rows,
  downTo: scanned.downTo ?? sum?.downTo ?? null,
  at: sum?.at ?? Date.now()
})
