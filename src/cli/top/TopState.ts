/**
 * The state of `pgq top`: the last figures, the page and the choice.
 */
import type { LaneOverview, Overview } from "../../domain/Overview.ts"
import type { Verdict } from "../../domain/Verdict.ts"
import type { Why } from "../../domain/Why.ts"
import * as Page from "./Page.ts"

/** One look. `at` and all other moments are milliseconds of a clock that never goes back. */
export interface Figures {
  readonly overview: Overview
  readonly verdict: Verdict
  readonly at: number
}

/** The figures of one page alone. */
export interface Detail {
  readonly page: Page.Page
  readonly lanes?: {
    readonly blocked: ReadonlyArray<LaneOverview>
    readonly retrying: ReadonlyArray<LaneOverview>
  }
  readonly why?: Why
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface State {
  /** The database and the schema, without secrets. */
  readonly where: string
  readonly size: Size
  readonly now: number
  /** The time from one look to the next, in milliseconds. */
  readonly every: number
  readonly figures: Figures | undefined
  readonly detail: Detail | undefined
  /** The error of the last look, and the moment since when no look has succeeded. */
  readonly missed: { readonly since: number; readonly error: string } | undefined
  readonly page: Page.Page
  /** The pages to go back to, the nearest first. */
  readonly behind: ReadonlyArray<Page.Page>
  readonly chosen: { readonly id: string; readonly place: number } | undefined
  /** Whether a person has stopped the frames. */
  readonly isStopped: boolean
  /** Whether there is nobody at the keys. */
  readonly isStill: boolean
  /** Grows when all lines have to be written again. */
  readonly repaints: number
  /** The exit code, once a person has asked for the end. */
  readonly end: number | undefined
}

export const make = (
  given: Pick<State, "where" | "size" | "now" | "every" | "isStill">
): State => ({
  ...given,
  size: sizeOf(given.size),
  figures: undefined,
  detail: undefined,
  missed: undefined,
  page: Page.overview,
  behind: [],
  chosen: undefined,
  isStopped: false,
  repaints: 1,
  end: undefined
})

/** The detail of the page that is shown, if it has been read. */
export const detailOf = ({ detail, page }: State): Detail | undefined =>
  detail?.page === page ? detail : undefined

/** A terminal that does not say its size is one of 80 by 24. */
const sizeOf = ({ columns, rows }: Size): Size => ({ columns: columns || 80, rows: rows || 24 })

/** The terminal may have moved its lines. */
export const resized = (state: State, size: Size): State => ({
  ...state,
  size: sizeOf(size),
  repaints: state.repaints + 1
})

/** A look has ended. One that has read nothing says nothing about the database. */
export const looked = (
  state: State,
  { detail, every, figures }: {
    readonly figures: Figures | undefined
    readonly detail: Detail | undefined
    readonly every: number
  }
): State =>
  figures === undefined && detail === undefined ? state : {
    ...state,
    figures: figures ?? state.figures,
    detail: detail ?? state.detail,
    every,
    missed: undefined
  }

/** A look has failed. */
export const missed = (state: State, error: string, at: number): State => ({
  ...state,
  missed: { since: state.missed?.since ?? at, error }
})
