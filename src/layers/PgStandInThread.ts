/**
 * The stand-in's thread. It holds no connection while the worker's thread turns.
 */
import { hrtime } from "node:process"
import { workerData } from "node:worker_threads"
import { needsStandIn, watchEvery } from "../domain/Lease.ts"
import { Slot, type Task } from "./PgStandInTask.ts"

const task: Task = workerData
const times = new BigInt64Array(task.times)
let isRenewing = false

const millisOf = (slot: number): number => Number(Atomics.load(times, slot) / 1000n) / 1000

const standIn = async (): Promise<void> => {
  const sentAt = hrtime.bigint()
  const state = {
    lease: task.lease,
    now: Number(sentAt / 1000n) / 1000,
    turnedAt: millisOf(Slot.turnedAt),
    renewedAt: Math.max(millisOf(Slot.renewedAt), millisOf(Slot.stoodInAt))
  }
  if (isRenewing || !needsStandIn(state)) return
  isRenewing = true
  try {
    const { renew } = await import("./PgStandInRenewal.ts")
    if (await renew(task)) Atomics.store(times, Slot.stoodInAt, sentAt)
  } finally {
    isRenewing = false
  }
}

// What fails is tried again at the next look, as long as there is hope.
setInterval(() => void standIn().catch(() => {}), watchEvery(task.lease))
