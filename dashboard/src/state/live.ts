/**
 * The newest look at the schema. The page asks for it every two seconds while it can be seen.
 */
import { computed, signal } from "@preact/signals"
import { get } from "../api/call.ts"
import type { Look } from "../api/Look.ts"
import { isUnknown } from "./session.ts"

const interval = 2000
const longest = 30_000

/** The newest look; none before the first answer. */
export const look = signal<Look | undefined>(undefined)

/** Why the newest look is not newer, for people. */
export const failure = signal<string | undefined>(undefined)

/** Whether the person has stopped the looks. */
export const isStopped = signal(false)

const receivedAt = signal(0)
const now = signal(Date.now())

/** How old the look is, in seconds. */
export const age = computed(() =>
  receivedAt.value === 0 ? undefined : Math.max(0, (now.value - receivedAt.value) / 1000)
)

const tags = new Map<string, string>()
let failures = 0
let timer: ReturnType<typeof setTimeout> | undefined

const ask = async (): Promise<void> => {
  timer = undefined
  const answer = await get<Look>("overview", tags)
  if (answer.is === "failure") {
    failures += 1
    // The session of the browser has ended.
    if (answer.status === 401) isUnknown.value = true
    failure.value = answer.text
  } else {
    failures = 0
    failure.value = undefined
    receivedAt.value = now.value = Date.now()
    if (answer.is === "value") look.value = answer.value
  }
  next()
}

/** A server in trouble is asked more and more rarely. */
const next = (): void => {
  if (document.hidden || isStopped.value || isUnknown.value || timer !== undefined) return
  timer = setTimeout(() => void ask(), Math.min(interval * 2 ** failures, longest))
}

const again = (): void => {
  clearTimeout(timer)
  timer = undefined
  if (!document.hidden && !isStopped.value && !isUnknown.value) void ask()
}

/** Begins to look. */
export const begin = (): void => {
  setInterval(() => (now.value = Date.now()), 1000)
  document.addEventListener("visibilitychange", again)
  isUnknown.subscribe((isUnknown) => isUnknown ? undefined : again())
}

/** Stops the looks, or goes on with them. */
export const toggle = (): void => {
  isStopped.value = !isStopped.value
  again()
}

/** Looks at once, after a change that the person has made. */
export const refresh = again
