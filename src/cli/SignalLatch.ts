/**
 * Catches signals from the program's first line on, and keeps them until somebody listens.
 *
 * Imports nothing that takes time to load: a signal that is not caught yet kills the process.
 */
import { constants } from "node:os"

/** Asks to stop, in three ways; or asks for the status, by USR1 and, where it exists, INFO. */
const signals = ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGINFO"] as const

const pending: Array<NodeJS.Signals> = []
let listener = (signal: NodeJS.Signals): void => {
  pending.push(signal)
}

/** A listener for USR1 also keeps Node from opening its inspector. */
export const install = (): void => {
  for (const signal of signals) {
    if (signal in constants.signals) process.on(signal, (name) => listener(name))
  }
  tellParent("latched")
}

/** Says how far this process has come, where a parent listens. */
export const tellParent = (
  progress: "latched" | "listening" | "ready" | "cancelling" | "stopped"
): void => {
  // A parent that is gone is no error: it is noticed by itself.
  process.send?.(progress, undefined, undefined, () => {})
}

/** Hands over the signals caught so far and every one to come. */
export const listen = (next: (signal: NodeJS.Signals) => void): void => {
  listener = next
  for (const signal of pending.splice(0)) next(signal)
}

/** The exit code of a process that a signal ended. */
export const exitCode = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]
