/**
 * One tab of the browser leads: it listens to the server, and tells the others. A browser has few
 * connections to a server, so a stream for each tab would stop all of them.
 */
import type { Look } from "../api/Look.ts"

/** A thing that all tabs should know. */
export type News =
  | { readonly is: "look"; readonly look: Look }
  /** The look is the newest still. */
  | { readonly is: "unchanged" }
  | { readonly is: "failure"; readonly status: number; readonly text: string }

/** Dashboards of several schemas under one address do not hear each other. */
const name = `pgq live ${new URL(document.baseURI).pathname}`

// Browsers have locks only on this machine and by TLS. Without them, each tab is alone.
const locks = "locks" in navigator ? navigator.locks : undefined

/** Whether the tabs of the browser know of each other. */
export const isShared = locks !== undefined

const channel = isShared ? new BroadcastChannel(name) : undefined

export const tell = (news: News): void => channel?.postMessage(news)

export const hear = (heard: (news: News) => void): void => {
  channel?.addEventListener("message", ({ data }: MessageEvent<News>) => heard(data))
}

let candidacy: AbortController | undefined

/** Leads as soon as no other tab does. `lead` ends with the signal. */
export const stand = (lead: (signal: AbortSignal) => Promise<void>): void => {
  if (candidacy !== undefined) return
  candidacy = new AbortController()
  const { signal } = candidacy
  if (locks === undefined) void lead(signal)
  // The request fails if the signal comes before the lock.
  else void locks.request(name, { signal }, () => lead(signal)).catch(() => {})
}

/** Leads no more, and lets another tab lead. */
export const resign = (): void => {
  candidacy?.abort()
  candidacy = undefined
}
