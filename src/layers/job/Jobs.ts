/**
 * The kinds of jobs of a worker: at least one, and no two with the same name.
 */
import type { Array } from "effect"
import type { Kind } from "./Handler.ts"

/** A list of kinds of jobs that is not empty. */
export type Kinds = Array.NonEmptyReadonlyArray<Kind>

/** The option that names the kinds. A kind with the name of an earlier one does not compile. */
export interface JobsOption<Some extends Kinds> {
  /**
   * The kinds of jobs to work on. Each needs its handler: the layer that its `toLayer` makes,
   * provided to this one.
   */
  readonly jobs: Some & Distinct<Some>
}

type Distinct<Some extends ReadonlyArray<Kind>, Seen extends string = never> = Some extends
  readonly [infer First extends Kind, ...infer Rest extends ReadonlyArray<Kind>]
  ? readonly [Unlike<First, Seen>, ...Distinct<Rest, First["name"] | Seen>]
  : Some

/** A name that is known only at run time may equal any other. */
type Unlike<One extends Kind, Seen extends string> = string extends One["name"] ? One
  : One["name"] extends Seen ? `two kinds of jobs are named "${One["name"]}"`
  : One
