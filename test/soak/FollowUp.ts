/**
 * The jobs that the handlers of transactional jobs add, in the transactions that complete these.
 */

/** Jobs of `vain` fail after they have written, each time. */
export const isTransactional = (does: string): boolean => does === "transact" || does === "vain"

/** The follow-up job of job `n`, with a number that no other job has. */
export const of = (n: number) => ({
  n: -n,
  queue: "main",
  key: n % 2 === 0 ? null : `follow-${n % 20}`,
  does: "value"
})
