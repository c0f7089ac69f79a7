/**
 * Keys in place of the mouse. They do nothing while the person types, and can be turned off.
 */
import { signal } from "@preact/signals"
import { toggle } from "../state/live.ts"
import { go, to } from "../state/route.ts"
import { after, hasKeys, theme, themes } from "../state/settings.ts"
import { entries } from "./Rail.tsx"

/** The key behind `g` for each page, where there is the page. */
const letters: Readonly<Record<string, string>> = {
  "": "o",
  jobs: "j",
  lanes: "l",
  failures: "f",
  workers: "w",
  database: "d"
}

/** The pages that a key leads to: the key, the name in the address, and the title. */
export const ways: ReadonlyArray<readonly [letter: string, name: string, title: string]> = entries
  .flatMap(([name, title]) => {
    const letter = letters[name]
    return letter === undefined ? [] : [[letter, name, title] as const]
  })

export const isHelpOpen = signal(false)

/** The second key of two must come within this time. */
const patience = 1500

let goesUntil = 0

const press = (key: string): boolean => {
  const goes = Date.now() < goesUntil
  goesUntil = 0
  if (goes) {
    const way = ways.find(([letter]) => letter === key)
    if (way !== undefined) go(to(way[1]))
    return way !== undefined
  }
  const act = single[key]
  act?.()
  return act !== undefined
}

const single: Readonly<Record<string, () => void>> = {
  g: () => (goesUntil = Date.now() + patience),
  j: () => move(1),
  k: () => move(-1),
  "/": () => search(),
  ".": toggle,
  t: () => (theme.value = after(themes, theme.value)),
  "?": () => (isHelpOpen.value = true)
}

/** A narrow window has no room for a search in its header, and the page of jobs has one. */
const search = (): void => {
  const boxes = document.querySelectorAll<HTMLElement>("input[type=search]")
  const seen = Array.from(boxes).find((box) => box.offsetParent !== null)
  if (seen === undefined) go(to("jobs"))
  else seen.focus()
}

/** Goes to the next row of the tables, or the one before: to its link, so that enter opens it. */
const move = (by: 1 | -1): void => {
  const rows = Array.from(document.querySelectorAll("main tbody tr"))
  const here = rows.findIndex((row) => row.contains(document.activeElement))
  const row = rows[here < 0 && by < 0 ? rows.length - 1 : here + by]
  if (row === undefined) return
  const link = row.querySelector<HTMLElement>("a, button, summary") ?? first(row)
  link.focus()
  link.scrollIntoView({ block: "nearest" })
}

const first = (row: Element): HTMLElement => {
  const cell = row.querySelector<HTMLElement>("th, td") ?? document.body
  cell.tabIndex = -1
  return cell
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select"))

/** Begins to listen to keys. */
export const begin = (): void => {
  document.addEventListener("keydown", (event) => {
    const { altKey, ctrlKey, defaultPrevented, isComposing, key, metaKey, target } = event
    if (defaultPrevented || altKey || ctrlKey || metaKey || isComposing) return
    if (!hasKeys.value || isTyping(target) || document.querySelector("dialog[open]")) return
    if (press(key)) event.preventDefault()
  })
}
