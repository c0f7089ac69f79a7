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
