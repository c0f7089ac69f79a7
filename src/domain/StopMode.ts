/**
 * The three stop modes, their signals, and the rule for when a worker has ended.
 */

/**
 * In order of strictness: `drain` ends when no job waits, `finish` when no job runs, `cancel` at
 * once.
 */
export const stopModes = ["drain", "finish", "cancel"] as const
/**
 * How a worker stops: `drain` when no job of its queues waits any more, `finish` when its running
 * jobs have ended, `cancel` now, by interrupting them.
 */
export type StopMode = typeof stopModes[number]

/**
 * The answer to a request that a worker stops. "already asked": the same or a stricter mode was
 * asked for before, and stays. "not found": no such worker is registered.
 */
export type StopAnswer = "asked" | "already asked" | "not found"

export const signalOf = {
  drain: "SIGHUP",
  finish: "SIGINT",
  cancel: "SIGTERM"
} as const satisfies Record<StopMode, NodeJS.Signals>

/** pgq's words for the modes, and PyPGQueue's. */
// Without a prototype, so that "constructor" is not a word.
export const fromWord: Record<string, StopMode | undefined> = Object.assign(Object.create(null), {
  drain: "drain",
  current: "drain",
  finish: "finish",
  all: "finish",
  cancel: "cancel",
  now: "cancel"
})

export const isStopMode = (value: unknown): value is StopMode =>
  stopModes.some((mode) => mode === value)

export const fromSignal = (signal: NodeJS.Signals): StopMode | undefined =>
  stopModes.find((mode) => signalOf[mode] === signal)

/**
 * The effect of a stop request on a worker that may be stopping already. The first request names
 * the mode; each further one moves one step on, and after `cancel` comes `exit`.
 */
export const escalate = (
  current: StopMode | undefined,
  requested: StopMode
): StopMode | "exit" =>
  current === undefined ? requested : stopModes[stopModes.indexOf(current) + 1] ?? "exit"

/** Whether a mode is stricter than the one in force. */
export const isFurther = (mode: StopMode, current: StopMode | undefined): boolean =>
  current === undefined || stopModes.indexOf(mode) > stopModes.indexOf(current)

/** The next step of a worker. This is the only rule for its end. */
export const nextStep = (state: {
  readonly mode: StopMode | undefined
  /** Jobs that this worker has started and that have not ended. */
  readonly running: number
  /** Whether a job of the worker's queues waits to run, ready or behind its key. */
  readonly hasUnstarted: boolean
}): "claim" | "wait" | "end" => {
  switch (state.mode) {
    case undefined:
      return "claim"
    case "drain":
      return state.running > 0 || state.hasUnstarted ? "claim" : "end"
    case "finish":
    case "cancel":
      return state.running > 0 ? "wait" : "end"
  }
}
