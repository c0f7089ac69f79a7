/**
 * The steps that cancel jobs, as pure functions.
 *
 * A job that waits ends at once. A leased job stays with its worker, and its lease notes that it is
 * unwanted. However such a job leaves its lease, it does not go back to its queue: `ProtocolSteps`
 * sees to that.
 */
import { Cancellation, type CancelRequest } from "./Cancellation.ts"
import { type Changes, isUnwanted, type Lease, type State } from "./ProtocolSteps.ts"

/** Cancels a job. `undefined` if there is no such job. */
export const cancel = <J>(
  { jobs, leases }: State<J>,
  id: bigint
): { readonly answer: Cancellation; readonly changes: Changes<J> } | undefined => {
  const job = jobs.get(id)
  if (job === undefined) return undefined
  const lease = Array.from(leases.values()).find(({ ids }) => ids.includes(id))
  if (lease === undefined) {
    const finished = [{ job, outcome: "cancelled" as const, lease: undefined }]
    return { answer: Cancellation.Cancelled(), changes: { jobs: [], finished, leases: [] } }
  }
  const noted = { ...lease, unwanted: new Set(lease.unwanted).add(id) }
  return {
    answer: Cancellation.Stopping({ worker: lease.worker }),
    changes: { jobs: [], finished: [], leases: [noted] }
  }
}

/** The leased jobs that are unwanted. */
export const requests = (leases: ReadonlyArray<Lease>): ReadonlyArray<CancelRequest> =>
  leases.flatMap((lease) =>
    lease.ids.filter((id) => isUnwanted(lease, id)).map((id) => ({ id, lease: lease.id }))
  )
