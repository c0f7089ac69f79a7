/**
 * A terminal with a shell in it, by Debian's tmux: a test types keys, and reads the screen.
 */
// A plain Error is enough to make a test fail.
// @effect-diagnostics globalErrorInEffectFailure:off
import { Effect, Schedule, type Scope } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"

export const isThere = spawnSync("tmux", ["-V"]).status === 0

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Terminal {
  /** Names of keys, as `Enter` and `C-c`, or texts. */
  readonly type: (...keys: ReadonlyArray<string>) => Effect.Effect<void>
  /** The text of the screen, once it fits, and has so many rows if that is said. */
  readonly screen: (
    pattern: RegExp,
    given?: { readonly rows?: number; readonly isDone?: (text: string) => boolean }
  ) => Effect.Effect<string, Error>
  /** The modes of the terminal that a program may have left behind. */
  readonly modes: Effect.Effect<{
    readonly isOtherScreen: boolean
    readonly hasCursor: boolean
    readonly wraps: boolean
  }>
  readonly resize: (size: Size) => Effect.Effect<void>
  /** Sends a signal to the program that the shell runs. */
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
}

/** A terminal that the test ends. Nothing of the machine's environment reaches its shell. */
export const open = (
  size: Size,
  env: Readonly<Record<string, string>>
): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => launch(size, env)),
      (tmux) => Effect.sync(() => tmux("kill-server"))
    ),
    terminalOf
  )

type Tmux = (...args: ReadonlyArray<string>) => string

const launch = ({ columns, rows }: Size, env: Readonly<Record<string, string>>): Tmux => {
  const server = `pgq-${randomUUID()}`
  const tmux: Tmux = (...args) =>
    execFileSync("tmux", ["-L", server, "-f", "/dev/null", ...args], { encoding: "utf8" })
  const own = { PATH: process.env["PATH"] ?? "", TERM: "screen", PS1: "$ ", ...env }
  const shell = ["env", "-i", ...Object.entries(own).map((pair) => pair.join("="))]
    .concat(["bash", "--norc", "--noprofile"])
  tmux("new-session", "-d", "-s", "a", "-x", String(columns), "-y", String(rows), ...shell)
  // Else the window would follow the size of whoever attaches to it.
  tmux("set-option", "-w", "-t", "a", "window-size", "manual")
  return tmux
}

const terminalOf = (tmux: Tmux): Terminal => {
  const shown = () => tmux("capture-pane", "-p", "-t", "a")
  return {
    type: (...keys) => Effect.sync(() => void tmux("send-keys", "-t", "a", ...keys)),
    screen: (pattern, { isDone = () => true, rows } = {}) =>
      Effect.suspend(() => {
        const text = shown()
        const fits = rows === undefined || text.split("\n").length - 1 === rows
        return fits && pattern.test(text) && isDone(text)
          ? Effect.succeed(text)
          : Effect.fail(new Error(`the screen does not fit ${pattern}:\n${text}`))
      }).pipe(Effect.retry(Schedule.max([Schedule.spaced("50 millis"), Schedule.recurs(300)]))),
    modes: Effect.sync(() => {
      const [other, cursor, wraps] = tmux(
        "display-message",
        "-p",
        "-t",
        "a",
        "#{alternate_on} #{cursor_flag} #{wrap_flag}"
      ).trim().split(" ").map((flag) => flag === "1")
      return { isOtherScreen: other === true, hasCursor: cursor === true, wraps: wraps === true }
    }),
    resize: ({ columns, rows }) =>
      Effect.sync(() =>
        void tmux("resize-window", "-t", "a", "-x", String(columns), "-y", String(rows))
      ),
    kill: (signal) =>
      Effect.sync(() => {
        const shell = tmux("display-message", "-p", "-t", "a", "#{pane_pid}").trim()
        const child = execFileSync("ps", ["-o", "pid=", "--ppid", shell], { encoding: "utf8" })
        process.kill(Number(child.trim()), signal)
      })
  }
}
