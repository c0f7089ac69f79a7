/**
 * A change to pgq which takes out one thing that its promise rests on, and the test that must
 * notice.
 */
export interface Mutant {
  readonly name: string
  readonly changes: ReadonlyArray<Change>
  readonly test: { readonly file: string; readonly name: string }
}

export interface Change {
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

export const killed = (file: string, name: string) => ({ file: `test/${file}.test.ts`, name })
