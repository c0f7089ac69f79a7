/**
 * A promise that was found broken.
 */
export interface Violation {
  readonly check:
    | "lost"
    | "doubled"
    | "never added"
    | "wrong end"
    | "not run"
    | "no effect"
    | "half done"
    | "done twice"
    | "run again"
    | "cancelled, and went on"
    | "two holders"
    | "stood for by a job that had ended"
    | "replaced, and run"
    | "wrong lease"
    | "attempts"
    | "overlap"
    | "claimed twice"
    | "two leases of a lane"
    | "order"
    | "two heads"
    | "forgotten lane"
    | "idle in transaction"
    | "stuck"
    | "leaked"
    | "not stopped"
    | "deserted"
    | "slow after the faults"
    | "slow recovery"
    | "too few faults"
  readonly detail: string
}

/** Checks whose outcome depends on the machine's speed: they say nothing about a mutant. */
const ofSpeed: ReadonlyArray<Violation["check"]> = [
  "slow after the faults",
  "slow recovery",
  "too few faults"
]

/** Whether a soak with these violations has noticed its mutant. */
export const isNoticed = (violations: ReadonlyArray<Violation>): boolean =>
  violations.some(({ check }) => !ofSpeed.includes(check))
