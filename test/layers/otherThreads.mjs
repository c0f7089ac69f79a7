/**
 * Starts the program of the watchdog's thread as other threads, one after the other, and says how
 * each has ended. The file is imported as well, as a bundler's entry may do.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { program } from "../../dist/layers/postgres/watchdog/WatchdogProgram.js"

const { source } = program()
for (const workerData of [undefined, "watchdog", { pgq: "worker", times: null }]) {
  const [code] = await once(new Worker(source, { eval: true, workerData, execArgv: [] }), "exit")
  process.stdout.write(`ended with ${code}\n`)
}
await import("../../dist/layers/postgres/watchdog/WatchdogEntry.js")
