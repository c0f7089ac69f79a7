/**
 * Catches signals from the program's first line on, and keeps them until a listener is installed.
 *
 * This file imports nothing slow, because a signal that arrives before it is caught kills the
 * process.
 */
import { constants } from "node:os"

/**
 * Three signals that ask the worker to stop. USR1, and INFO where it exists, ask for the status.
 */
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

/** Tells the parent process, if there is one, how far this process has come. */
export const tellParent = (
  progress: "latched" | "listening" | "ready" | "cancelling" | "stopped"
): void => {
  // A missing parent is no error here: the loss of the channel is handled elsewhere.
  process.send?.(progress, undefined, undefined, () => {})
}

/** Passes on the signals caught so far and every later one. */
export const listen = (next: (signal: NodeJS.Signals) => void): void => {
  listener = next
  for (const signal of pending.splice(0)) next(signal)
}

/** The exit code of a process that a signal ended. */
export const exitCode = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]
