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
    | "overlap"
    | "claimed twice"
    | "two leases of a lane"
    | "order"
    | "two tokens"
    | "forgotten lane"
    | "idle in transaction"
    | "stuck"
    | "leaked"
    | "not stopped"
    | "deserted"
    | "slow after the faults"
    | "slow recovery"
  readonly detail: string
}
