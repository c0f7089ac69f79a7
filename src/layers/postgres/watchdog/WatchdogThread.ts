/**
 * The watchdog's thread. It opens a connection only while the worker's thread does not tick.
 */
import { writeSync } from "node:fs"
import { hrtime } from "node:process"
import { parentPort, workerData } from "node:worker_threads"
import { needsRenewal, type Observation, observe, watchEvery } from "../../../domain/Lease.ts"
import { type Refreshed, Slot, type Task } from "./WatchdogTask.ts"

const task: Task = workerData
const times = new BigInt64Array(task.times)
let connection = task.connection
let isRenewing = false
let last: Observation = { at: 0, lastTickAt: 0, stalledFor: 0 }
let hasGivenUp = false

const millis = (nanos: bigint): number => Number(nanos / 1000n) / 1000
const millisOf = (slot: number): number => millis(Atomics.load(times, slot))

const look = (): void => {
  const now = hrtime.bigint()
  const lastTickAt = millisOf(Slot.lastTickAt)
  last = observe(last, { at: millis(now), lastTickAt, lease: task.lease })
  if (last.stalledFor >= task.hangLimit) giveUp()
  else hasGivenUp = false
  void watchdog(now).catch(() => {})
}

const watchdog = async (sentAt: bigint): Promise<void> => {
  const state = {
    lease: task.lease,
    hangLimit: task.hangLimit,
    now: millis(sentAt),
    lastTickAt: last.lastTickAt,
    stalledFor: last.stalledFor,
    renewedAt: Math.max(millisOf(Slot.renewedAt), millisOf(Slot.watchdogRenewedAt))
  }
  if (isRenewing || !needsRenewal(state)) return
  isRenewing = true
  try {
    const { renew } = await import("./WatchdogRenewal.ts")
    if (await renew({ ...task, connection })) Atomics.store(times, Slot.watchdogRenewedAt, sentAt)
  } finally {
    isRenewing = false
  }
}

// The lease still lasts for a while, so a process that is killed here has ended before other
// workers get its jobs.
const giveUp = (): void => {
  if (hasGivenUp) return
  hasGivenUp = true
  const seconds = Math.round(last.stalledFor / 1000)
  say(
    `a handler has kept the thread of worker ${task.worker} for ${seconds} seconds; ` +
      (task.isHangFatal
        ? "killing this process, so that others get its jobs"
        : "others get its jobs now, and may run them beside it")
  )
  if (task.isHangFatal) process.kill(process.pid, "SIGKILL")
}

/** The thread that writes log lines hangs, so this thread writes directly. */
const say = (text: string): void => {
  try {
    writeSync(2, `pgq ${process.pid}: ${text}\n`)
  } catch {
    // stderr has no reader.
  }
}

parentPort?.on("message", ({ password }: Refreshed) => connection = { ...connection, password })

// A failed renewal is tried again at the next observation while the lease is trusted.
setInterval(look, watchEvery(task.lease))
parentPort?.postMessage("watching")
