/**
 * The newest look at the schema. One tab of the browser listens to the server while a tab can be
 * seen; where no stream comes through, it asks every two seconds.
 */
import { computed, signal } from "@preact/signals"
import { get } from "../api/call.ts"
import type { Look } from "../api/Look.ts"
import * as Leader from "./leader.ts"
import { now } from "./now.ts"
import { isUnknown } from "./session.ts"
import { listen } from "./stream.ts"

const interval = 2000
const longest = 30_000

/** A tab that is hidden for a moment keeps its stream. */
const hiddenFor = 3000

/** How long the page asks, before it tries again whether a stream comes through. */
const withoutStream = 60_000

/** The newest look; none before the first answer. */
export const look = signal<Look | undefined>(undefined)

/** Why the newest look is not newer, for people. */
export const failure = signal<string | undefined>(undefined)

/** Whether the person has stopped the looks. */
export const isStopped = signal(false)

const receivedAt = signal(0)

/** How old the look is, in seconds. */
export const age = computed(() =>
  receivedAt.value === 0 ? undefined : Math.max(0, (now.value - receivedAt.value) / 1000)
)

/** Figures that are older than this, in seconds, are called old. */
const fresh = 10

/** Whether the figures may no longer be true. */
export const isOld = computed(() =>
  !isStopped.value && age.value !== undefined && (age.value > fresh || failure.value !== undefined)
)

const show = (news: Leader.News): void => {
  if (isStopped.value) return
  if (news.is === "failure") {
    // The session of the browser has ended.
    if (news.status === 401) isUnknown.value = true
    failure.value = news.text
    return
  }
  failure.value = undefined
  receivedAt.value = now.value = Date.now()
  if (news.is === "look") look.value = news.look
}

const spread = (news: Leader.News): void => {
  show(news)
  // Another tab may have no look yet, or another one.
  Leader.tell(news.is === "unchanged" && look.value ? { is: "look", look: look.value } : news)
}

/** The tag of the look that is shown, if the page has asked for it. */
const tags = new Map<string, string>()

const ask = async (): Promise<boolean> => {
  const answer = await get<Look>("overview", tags)
  // Another look has come meanwhile, and the answer says nothing of that one.
  if (answer.is === "unchanged" && tags.size === 0) return true
  spread(answer.is === "value" ? { is: "look", look: answer.value } : answer)
  return answer.is !== "failure"
}

const listener = {
  onLook: (look: Look) => {
    tags.clear()
    spread({ is: "look", look })
  },
  onProblem: (text: string) => spread({ is: "failure", status: 503, text })
}

/** Listens, and asks while there is no stream. A server in trouble is asked more and more rarely. */
const lead = async (signal: AbortSignal): Promise<void> => {
  let failures = 0
  while (!signal.aborted) {
    const end = Leader.isShared ? await listen(listener, signal) : "silent"
    const until = end === "silent" ? Date.now() + withoutStream : 0
    do {
      if (signal.aborted) return
      failures = await ask() ? 0 : failures + 1
      await pause(Math.min(interval * 2 ** failures, longest), signal)
    } while (Date.now() < until)
  }
}

const pause = (time: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, time)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })

let hiding: ReturnType<typeof setTimeout> | undefined

const follow = (): void => {
  clearTimeout(hiding)
  if (isStopped.value || isUnknown.value) Leader.resign()
  else if (document.hidden) hiding = setTimeout(Leader.resign, hiddenFor)
  else {
    // The tab that leads may send its next look some seconds from now.
    void ask()
    Leader.stand(lead)
  }
}

/** Begins to look. */
export const begin = (): void => {
  Leader.hear((news) => {
    tags.clear()
    show(news)
  })
  document.addEventListener("visibilitychange", follow)
  isUnknown.subscribe(follow)
}

/** Stops the looks, or goes on with them. */
export const toggle = (): void => {
  isStopped.value = !isStopped.value
  follow()
}

/** Looks at once, after a change that the person has made. */
export const refresh = (): void => void ask()
