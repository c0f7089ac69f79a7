/**
 * How the queues of one worker share it: by turns, wherever they stand in its list.
 */

/**
 * The jobs of several queues, each queue's in the order given, in turns: one of each, then the next
 * of each.
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

/** As many queues as a claim looks at. */
export const queuesMax = 100

/**
 * By how many places to move on before the next claim, after one that asked `queues`, in this
 * order, and got `jobs`. Where each queue that gave jobs gave one, or there may be more queues than
 * a claim looks at, the next claim goes on behind the last of them. Where there was more room, the
 * first of them gave more than its share if any did: the next claim begins behind it.
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
