/**
 * How the queues of one worker share it: in turns, whatever their order in its list.
 */

/**
 * The jobs of several queues in turns: one of each queue, then the next of each. Each queue's jobs
 * keep their order.
 */
export const interleaved = <J extends { readonly queue: string }>(
  jobs: ReadonlyArray<J>
): ReadonlyArray<J> => {
  if (jobs.every(({ queue }) => queue === jobs[0]?.queue)) return jobs
  const places = new Map<string, number>()
  const placed = jobs.map((job) => {
    const place = places.get(job.queue) ?? 0
    places.set(job.queue, place + 1)
    return { job, place }
  })
  return placed.toSorted((a, b) => a.place - b.place).map(({ job }) => job)
}

/** The most queues that a claim looks at. */
export const queuesMax = 100

/**
 * The number of places to rotate the queues by after a claim that asked for `queues`, in this
 * order, and got `jobs`. If each queue that gave jobs gave one, or if there may be more queues than
 * a claim looks at, the next claim begins behind the last of them. Otherwise the first of them gave
 * more than its share, and the next claim begins behind it.
 */
export const next = (
  queues: ReadonlyArray<string>,
  jobs: ReadonlyArray<{ readonly queue: string }>
): number => {
  if (jobs.length === 0) return queuesMax
  const gave = new Set(jobs.map(({ queue }) => queue))
  const isOneEach = gave.size === jobs.length || gave.size > queuesMax / 2
  const behind = isOneEach
    ? queues.findLastIndex((queue) => gave.has(queue))
    : queues.findIndex((queue) => gave.has(queue))
  return behind + 1
}
