/**
 * A change to pgq that takes out one mechanism on which its promise rests, and the checks that must
 * notice the change.
 */
import type { Mechanism } from "./mechanisms.ts"

export interface Mutant {
  readonly name: string
  readonly of: Mechanism
  /** Empty for a mutant that exists only in a model. */
  readonly changes: ReadonlyArray<Change>
  readonly by: ReadonlyArray<By>
  /** Its test waits for a minute or longer, so it begins before the others. */
  readonly isSlow?: boolean
}

export type Change = TextChange | {
  /** A statement that changes the schema. */
  readonly statement: string
}

/**
 * Replaces a text in a source file, where the text stands exactly once, or at every place in
 * functions of the schema, or in both.
 */
export interface TextChange {
  readonly file?: string
  readonly functions?: ReadonlyArray<string>
  readonly from: string
  readonly to: string
}

/** The check that notices a mutant. */
export type By = ByTest | ByModel | ByPlans | ByHistories | {
  readonly checker: "soak" | "soak, not in every run"
}

/** Random histories of a queue (`test/properties`). */
export interface ByHistories {
  readonly checker: "histories"
  /** The commands of the histories; those of a feature stand apart from the protocol's. */
  readonly of: "protocol" | "unique jobs" | "transactions"
}

/** A test that passes in pgq, and fails in a copy of pgq with the changes. */
export interface ByTest {
  readonly checker: "test"
  readonly file: string
  readonly name: string
}

/** A Spin model that holds, but not with these definitions. */
export interface ByModel {
  readonly checker: "model"
  readonly model: "lane" | "fence" | "floors" | "waking" | "stopSignals" | "unique"
  readonly defines: string
  readonly expected: "violated" | "stuck"
}

/** The plan matrix: with the changes, these steps read more than they may. */
export interface ByPlans {
  readonly checker: "plans"
  readonly steps: ReadonlyArray<string>
}

export const test = (file: string, name: string): By => ({
  checker: "test",
  file: `test/${file}.test.ts`,
  name
})

export const model = (
  name: ByModel["model"],
  defines: string,
  expected: ByModel["expected"]
): By => ({ checker: "model", model: name, defines, expected })

export const plans = (...steps: ReadonlyArray<string>): By => ({ checker: "plans", steps })

export const histories: By = { checker: "histories", of: "protocol" }
export const uniqueHistories: By = { checker: "histories", of: "unique jobs" }
export const transactionHistories: By = { checker: "histories", of: "transactions" }
export const soak: By = { checker: "soak" }
export const soakAtTimes: By = { checker: "soak, not in every run" }
