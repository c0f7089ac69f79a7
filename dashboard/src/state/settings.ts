/**
 * The person's choices, kept in the browser.
 */
import { computed, effect, signal } from "@preact/signals"

const read = (name: string): string | undefined => {
  try {
    return localStorage.getItem(`pgq.${name}`) ?? undefined
  } catch {
    return undefined
  }
}

const keep = (name: string, value: string): void => {
  try {
    localStorage.setItem(`pgq.${name}`, value)
  } catch {
    // The browser keeps nothing for this page; the choice lasts until it is closed.
  }
}

export const themes = ["system", "light", "dark"] as const
export type Theme = typeof themes[number]

export const zones = ["local", "UTC", "relative"] as const
export type Zone = typeof zones[number]

const oneOf = <A extends string>(
  values: ReadonlyArray<A>,
  text: string | undefined
): A | undefined => values.find((value) => value === text)

export const theme = signal<Theme>(oneOf(themes, read("theme")) ?? "system")
export const zone = signal<Zone>(oneOf(zones, read("zone")) ?? "local")

/** The zone of a chart, whose times are those of a clock. */
export const clock = computed(() => zone.value === "UTC" ? "UTC" : "local")

/** Whether single keys do something. A person who dictates presses them by accident. */
export const hasKeys = signal(read("keys") !== "off")

/** Applies the choices and keeps them. */
export const begin = (): void => {
  effect(() => {
    keep("theme", theme.value)
    if (theme.value === "system") delete document.documentElement.dataset["theme"]
    else document.documentElement.dataset["theme"] = theme.value
  })
  effect(() => keep("zone", zone.value))
  effect(() => keep("keys", hasKeys.value ? "on" : "off"))
}

/** The value after this one; the first after the last. */
export const after = <A>(values: ReadonlyArray<A>, value: A): A =>
  values[(values.indexOf(value) + 1) % values.length] ?? value
