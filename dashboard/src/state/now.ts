/**
 * The time, as the page shows how old things are.
 */
import { signal } from "@preact/signals"

/** In milliseconds; moves on once a second. */
export const now = signal(Date.now())

/** Lets the time move on. */
export const begin = (): void => {
  setInterval(() => (now.value = Date.now()), 1000)
}
