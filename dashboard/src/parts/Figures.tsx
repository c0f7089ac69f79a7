/**
 * Figures as the command line prints them: counts, lengths of time, points in time.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import * as SpanText from "../../../src/domain/Span.ts"
import { now } from "../state/now.ts"
import { zone } from "../state/settings.ts"

/** A value that could not be read, or that there is not. */
export const None = ({ why }: { readonly why: string }) => (
  <span class="none" title={why}>
    <span aria-hidden="true">–</span>
    <span class="hidden">{why}</span>
  </span>
)

export interface Counted {
  readonly value: number
  readonly precision: "exact" | "atLeast" | "estimate"
}

/** A count; a zero is faint. */
export const Count = ({ of }: { readonly of: Counted | null }) =>
  of === null
    ? <None why="could not be read in time" />
    : <span class={of.value === 0 ? "zero" : undefined}>{CountText.text(of)}</span>

export const Number = ({ of }: { readonly of: number }) => (
  <span class={of === 0 ? "zero" : undefined}>{CountText.grouped(of)}</span>
)

/** A length of time, in seconds. */
export const Span = ({ of }: { readonly of: number | null }) =>
  of === null
    ? <None why="could not be read in time" />
    : <span class={of === 0 ? "zero" : undefined}>{SpanText.ofSeconds(of)}</span>

/** A point in time as the person has chosen; the exact one in UTC is its title. */
export const Time = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={at}>
    {zone.value === "relative" ? fromNow(new Date(at)) : inZone(new Date(at))}
  </time>
)

/** How long ago a point in time was, or in how long it is; the exact one in UTC is its title. */
export const Ago = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={at}>{fromNow(new Date(at))}</time>
)

const fromNow = (at: Date): string => {
  const seconds = Math.floor((at.getTime() - now.value) / 1000)
  return seconds > 0 ? `in ${SpanText.ofSeconds(seconds)}` : `${SpanText.ofSeconds(-seconds)} ago`
}

const inZone = (at: Date): string => {
  if (zone.value === "UTC") return at.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC")
  const [year, month, day, ...clock] = [
    at.getFullYear(),
    at.getMonth() + 1,
    at.getDate(),
    at.getHours(),
    at.getMinutes(),
    at.getSeconds()
  ].map((part) => String(part).padStart(2, "0"))
  return `${year}-${month}-${day} ${clock.join(":")}`
}

/** Bytes, in units of 1024. */
export const Bytes = ({ of }: { readonly of: number }) => {
  const step = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(of, 1)) / 10)))
  const value = of / 1024 ** step
  const unit = ["B", "kB", "MB", "GB", "TB"][step]
  return <span>{step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} {unit}</span>
}
