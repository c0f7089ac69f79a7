/**
 * The pages of `pgq top`, and the parts that they are made of.
 */
import type { Problem } from "../../domain/Problem.ts"

/** A job, a queue or a problem, of which a person asks why. */
export type Subject =
  | { readonly kind: "job"; readonly id: bigint }
  | { readonly kind: "queue"; readonly queue: string }
  | { readonly kind: "problem"; readonly problem: Problem }

export type Page =
  | { readonly kind: "overview" | "lanes" | "workers" | "database" | "help" }
  | { readonly kind: "queue"; readonly queue: string }
  | { readonly kind: "why"; readonly of: Subject }

export const overview: Page = { kind: "overview" }

/** A thing that a person can choose. */
export interface Item {
  /** The same from frame to frame, so that the choice stays with its thing. */
  readonly id: string
  /** The page behind it. */
  readonly opens?: Page | undefined
  readonly why?: Subject | undefined
  /** A command to paste. */
  readonly next?: string | undefined
}

export type Style = "plain" | "head" | "bad" | "notice" | "good" | "faint" | "chosen"

/** One line, before it is cut to the width. */
export interface Row {
  readonly text: string
  readonly style?: Style | undefined
  readonly item?: Item | undefined
}

/** Rows that share the height of the page with other sections. */
export interface Section {
  /** It stays where the rows move. */
  readonly head: ReadonlyArray<Row>
  readonly rows: ReadonlyArray<Row>
}
