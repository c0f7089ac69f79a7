/**
 * Whether the jobs of a folder ran in the order that pgq promises.
 */

/** A job as it was when it started. */
export interface Start {
  readonly id: bigint
  readonly priority: number
  /** Other jobs of its folder that were running at that moment. */
  readonly beside: number
}

/**
 * What is wrong with the starts of a folder's jobs, the report's among them; nothing is in order.
 */
export const issueOf = (
  starts: ReadonlyArray<Start>,
  jobs: number
): string | undefined => {
  if (starts.length !== jobs) return `${starts.length} jobs have started instead of ${jobs}`
  const overlapping = starts.find(({ beside }) => beside > 0)
  if (overlapping !== undefined) return `job ${overlapping.id} started beside another one`
  const early = starts.find((start, index) => index > 0 && !isBefore(starts[index - 1]!, start))
  return early === undefined ? undefined : `job ${early.id} started after one that it precedes`
}

const isBefore = (a: Start, b: Start): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.id < b.id)
