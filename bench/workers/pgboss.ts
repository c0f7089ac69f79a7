/**
 * pg-boss. At its defaults 24 workers poll every two seconds. Tuned, a backlog is worked off by
 * loops of `fetch` and `complete`; else workers are woken by NOTIFY, and jobs that take their time
 * come six at once.
 */
import { type Job, PgBoss } from "pg-boss"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

export const work = async ({ hasKeys, isTuned, keepsHistory, load, url }: PeerOptions) => {
  const boss = new PgBoss({
    connectionString: url,
    ...(isTuned ? { max: 25, useListenNotify: true } : {})
  })
  boss.on("error", () => {})
  await boss.start()

  if (!isTuned) {
    for (const name of ["work", "keyed"]) {
      await boss.work<Payload>(name, { localConcurrency: 24 }, async ([job]) => handle(job!.data))
    }
    return
  }

  /** Answers with the ids of those that did not fail. */
  const runAll = async (name: string, jobs: ReadonlyArray<Job<Payload>>) => {
    const failed = new Set<string>()
    const running: Array<Promise<void>> = []
    for (const { data, id } of jobs) {
      try {
        const run = handle(data)
        if (run !== undefined) running.push(run)
      } catch {
        failed.add(id)
      }
    }
    await Promise.all(running)
    const ids = jobs.map(({ id }) => id)
    if (failed.size === 0) return ids
    await boss.fail(name, Array.from(failed))
    return ids.filter((id) => !failed.has(id))
  }

  const loop = async (name: string) => {
    while (true) {
      const jobs = await boss.fetch<Payload>(name, { batchSize: 1000 })
      const done = await runAll(name, jobs)
      if (done.length > 0) {
        if (keepsHistory) await boss.complete(name, done)
        else await boss.deleteJob(name, done)
      }
      if (jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  if (load === "backlog") return Promise.all([loop("work"), loop("work"), loop("keyed")])

  const size = load === "prompt"
    ? { localConcurrency: 2, batchSize: 1000, burstWhenBatchFull: true }
    : { localConcurrency: 4, batchSize: 6, burstWhenBatchFull: true }
  // NOTIFY tells of new jobs alone: scheduled ones and retries are found by polling, at the
  // interval that is the default without NOTIFY.
  const name = hasKeys ? "keyed" : "work"
  await boss.work<Payload>(name, { ...size, notifyPollingIntervalSeconds: 2 }, async (jobs) => {
    await runAll(name, jobs)
  })
}
