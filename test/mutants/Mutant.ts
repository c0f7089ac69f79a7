/**
 * A change to pgq which takes out one thing that its promise rests on, and the checks that must
 * notice.
 */
import type { Mechanism } from "./mechanisms.ts"

export interface Mutant {
  readonly name: string
  readonly of: Mechanism
  /** None where it exists in a model alone. */
  readonly changes: ReadonlyArray<Change>
  readonly by: ReadonlyArray<By>
}

export type Change = TextChange | {
  /** Changes the schema besides. */
  readonly statement: string
}

/**
 * A text in a source file, where it stands exactly once, or in functions of the schema, wherever it
 * stands there; or both.
 */
export interface TextChange {
  readonly file?: string
  readonly functions?: ReadonlyArray<string>
  readonly from: string
  readonly to: string
}

/** The check that notices. */
export type By = ByTest | ByModel | ByPlans | {
  /** Random histories of a queue (`test/properties`), or the soak. */
  readonly checker: "histories" | "soak" | "soak, not in every run"
}

/** A test that passes, and fails in a copy of pgq with the changes. */
export interface ByTest {
  readonly checker: "test"
  readonly file: string
  readonly name: string
}

/** A Spin model that holds, and does not with these definitions. */
export interface ByModel {
  readonly checker: "model"
  readonly model: "lane" | "fence" | "stopSignals"
  readonly defines: string
  readonly expected: "violated" | "stuck"
}

/** The plan matrix, of which these steps read more than they may. */
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

export const histories: By = { checker: "histories" }
export const soak: By = { checker: "soak" }
export const soakAtTimes: By = { checker: "soak, not in every run" }
