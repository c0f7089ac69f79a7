/**
 * The three ways to stop, the signals that ask for them, and the rule for when a run has ended.
 */

/** In order of severity: `drain` when no job waits, `finish` when none runs, `cancel` now. */
export const stopModes = ["drain", "finish", "cancel"] as const
/**
 * How a worker stops: `drain` when no job of its queues waits any more, `finish` when its running
 * jobs have ended, `cancel` now, by interrupting them.
 */
export type StopMode = typeof stopModes[number]

export const signalOf = {
  drain: "SIGHUP",
  finish: "SIGINT",
  cancel: "SIGTERM"
} as const satisfies Record<StopMode, NodeJS.Signals>

/** The plain words, and PyPGQueue's. */
// Without a prototype, so that "constructor" is not one of them.
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
 * What a request means for a queue that may be stopping already: the first names the mode, each
 * further one moves one step down, whichever it is, and after `cancel` comes `exit`.
 */
export const escalate = (
  current: StopMode | undefined,
  requested: StopMode
): StopMode | "exit" =>
  current === undefined ? requested : stopModes[stopModes.indexOf(current) + 1] ?? "exit"

/** Whether a mode lies further down than the one in force. */
export const isFurther = (mode: StopMode, current: StopMode | undefined): boolean =>
  current === undefined || stopModes.indexOf(mode) > stopModes.indexOf(current)

/** What a worker does next. The one rule of how runs end. */
export const nextStep = (state: {
  readonly mode: StopMode | undefined
  /** Jobs this worker has started and not yet seen the end of. */
  readonly running: number
  /** Whether any job of its queues waits to be run, behind its key or not. */
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
