/**
 * The first file of the watchdog's thread. A thread that was not started as a watchdog ends here.
 */
import { workerData } from "node:worker_threads"

if (workerData?.pgq === "watchdog") void import("./WatchdogThread.ts")
