/**
 * The sections of the page that is shown, and the things on it that a person can choose.
 */
import * as DatabaseRows from "./DatabaseRows.ts"
import * as HelpRows from "./HelpRows.ts"
import * as LaneRows from "./LaneRows.ts"
import type { Item, Section } from "./Page.ts"
import * as ProblemRows from "./ProblemRows.ts"
import * as QueueRows from "./QueueRows.ts"
import { detailOf, type State } from "./TopState.ts"
import * as WhyRows from "./WhyRows.ts"
import * as WorkerRows from "./WorkerRows.ts"

/** The mark of the chosen row stands before each row. */
export const markWidth = 2

export const sections = (state: State): ReadonlyArray<Section> => {
  const width = state.size.columns - 1 - markWidth
  const workers = state.figures?.overview.workers ?? []
  const { page } = state
  switch (page.kind) {
    case "overview":
      return state.figures === undefined ? [ProblemRows.section(state)] : [
        ProblemRows.section(state),
        QueueRows.section(state, width),
        WorkerRows.section(workers, { isLong: false, width })
      ]
    case "lanes":
      return [LaneRows.section(state, { lanes: detailOf(state)?.lanes, width })]
    case "workers":
      return [WorkerRows.section(workers, { isLong: true, width })]
    case "database":
      return DatabaseRows.page(state, width)
    case "queue":
      return QueueRows.page(state, page.queue, width)
    case "why":
      return WhyRows.page(state, page.of, width)
    case "help":
      return HelpRows.page
  }
}

/** From the top to the bottom. */
export const items = (state: State): ReadonlyArray<Item> => itemsOf(sections(state))

export const itemsOf = (sections: ReadonlyArray<Section>): ReadonlyArray<Item> =>
  sections.flatMap(({ rows }) => rows.flatMap(({ item }) => item ?? []))

/** The place of the chosen thing, or of the one that stands where it stood. */
export const placeOf = (items: ReadonlyArray<Item>, { chosen }: State): number => {
  const found = items.findIndex(({ id }) => id === chosen?.id)
  return found >= 0 ? found : Math.min(chosen?.place ?? 0, items.length - 1)
}
