/**
 * Figures over time. They change when a minute is over, so a page asks for them once a minute.
 */
import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import type { SeriesFilter, SeriesValues } from "../../../src/domain/Series.ts"
import { get, serverNow } from "../api/call.ts"
import { isStopped } from "./live.ts"
import type { Range } from "./range.ts"

export interface Wish extends Pick<SeriesFilter, "of" | "queue" | "by"> {
  readonly range: Range
}

export interface Found {
  readonly value: Signal<SeriesValues | undefined>
  /** Why there is nothing newer, for people. */
  readonly failure: Signal<string | undefined>
}

/** A worker adds the figures of a minute up some seconds after its end. */
const late = 10_000

/** After a failure, in milliseconds. */
const pause = 3000

export const useSeries = (wish: Wish): Found => {
  const value = useSignal<SeriesValues | undefined>(undefined)
  const failure = useSignal<string | undefined>(undefined)
  const { by, of, queue, range } = wish

  useEffect(() => {
    let isGone = false
    let asked = ""
    let againAt = Infinity
    const ask = async () => {
      const path = pathOf(wish, serverNow())
      if (document.hidden || (path === asked && Date.now() < againAt)) return
      asked = path
      againAt = Infinity
      const answer = await get<SeriesValues>(path)
      if (isGone) return
      failure.value = answer.is === "failure" ? answer.text : undefined
      if (answer.is === "failure") againAt = Date.now() + pause
      if (answer.is === "value") value.value = answer.value
    }
    void ask()
    const timer = setInterval(() => isStopped.value ? undefined : void ask(), 1000)
    return () => {
      isGone = true
      clearInterval(timer)
      value.value = failure.value = undefined
    }
  }, [by, of, queue, range])

  return { value, failure }
}

/** Asks for whole steps that are over: the present one would show too little. */
const pathOf = ({ by, of, queue, range: { points, step } }: Wish, now: number): string => {
  const to = Math.floor((now - late) / 1000 / step) * step
  const query = new URLSearchParams({
    of,
    ...(queue === undefined ? {} : { queue }),
    ...(by === undefined ? {} : { by }),
    from: iso(to - points * step),
    to: iso(to),
    step: String(step)
  })
  return `series?${query}`
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()
