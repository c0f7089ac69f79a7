/**
 * The keys of `pgq top`: each makes a state of a state.
 */
import type { UserInput } from "effect/Terminal"
import * as Page from "./Page.ts"
import * as Pages from "./Pages.ts"
import type { State } from "./TopState.ts"

/** The name of a key: the character, or a word such as `up`, `return` and `ctrl-c`. */
export const nameOf = ({ input, key }: UserInput): string =>
  key.ctrl
    ? `ctrl-${key.name}`
    : input._tag === "Some" && /^[\x21-\x7E]$/.test(input.value)
    ? input.value
    : key.name

/** The state after a key. A key without a meaning changes nothing. */
export const press = (state: State, key: string): State => keys.get(key)?.(state) ?? state

const goTo = (state: State, page: Page.Page): State =>
  isSame(page, state.page)
    ? state
    : { ...state, page, behind: [state.page, ...state.behind].slice(0, 20), chosen: undefined }

const isSame = (a: Page.Page, b: Page.Page): boolean =>
  a.kind === b.kind && a.kind !== "queue" && a.kind !== "why"

const goBack = (state: State): State => {
  const [page = Page.overview, ...behind] = state.behind
  return { ...state, page, behind, chosen: undefined }
}

const open = (state: State): State => {
  const page = chosenItem(state)?.opens
  return page === undefined ? state : goTo(state, page)
}

/** On a page about one thing, the thing itself is meant if nothing on it can be asked about. */
const ask = (state: State): State => {
  const { page } = state
  const own: Page.Subject | undefined = page.kind === "queue"
    ? { kind: "queue", queue: page.queue }
    : undefined
  const of = chosenItem(state)?.why ?? own
  return of === undefined ? state : goTo(state, { kind: "why", of })
}

const chosenItem = (state: State): Page.Item | undefined => {
  const items = Pages.items(state)
  return items[Pages.placeOf(items, state)]
}

const move = (by: number) => (state: State): State => {
  const items = Pages.items(state)
  const place = Math.max(Math.min(Pages.placeOf(items, state) + by, items.length - 1), 0)
  const item = items[place]
  return item === undefined ? state : { ...state, chosen: { id: item.id, place } }
}

const toPage = (kind: "overview" | "lanes" | "workers" | "database" | "help") => (state: State) =>
  goTo(state, { kind })

const end = (code: number) => (state: State): State => ({ ...state, end: code })

const half = (state: State): number => Math.max(Math.floor(state.size.rows / 2), 1)

const keys = new Map<string, (state: State) => State>([
  ["o", toPage("overview")],
  ["l", toPage("lanes")],
  ["w", toPage("workers")],
  ["d", toPage("database")],
  ["?", toPage("help")],
  ["h", toPage("help")],
  ["y", ask],
  ["return", open],
  ["enter", open],
  ["escape", goBack],
  ["backspace", goBack],
  ["down", move(1)],
  ["j", move(1)],
  ["up", move(-1)],
  ["k", move(-1)],
  ["pagedown", (state) => move(half(state))(state)],
  ["pageup", (state) => move(-half(state))(state)],
  ["home", move(-Infinity)],
  ["g", move(-Infinity)],
  ["end", move(Infinity)],
  ["G", move(Infinity)],
  ["p", (state) => ({ ...state, isStopped: !state.isStopped })],
  ["ctrl-l", (state) => ({ ...state, repaints: state.repaints + 1 })],
  ["q", end(0)],
  ["ctrl-d", end(0)],
  ["ctrl-c", end(130)]
])
