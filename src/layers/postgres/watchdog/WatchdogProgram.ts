/**
 * The program that the watchdog's thread runs: here, the source file beside this one. The build
 * replaces this module in `dist` by one that holds the program as text, with all that the program
 * imports: a bundled application has no file for the thread, and its own file would start the
 * application a second time.
 */
import { features } from "node:process"

export interface Program {
  /** The URL of a module, or the text of a script. */
  readonly source: URL | string
  readonly isText: boolean
}

/**
 * `undefined` before Node 22.18, which cannot read TypeScript: pgq's own tests then run without a
 * watchdog.
 */
export const program = (): Program | undefined =>
  features.typescript
    ? { source: new URL("./WatchdogEntry.ts", import.meta.url), isText: false }
    : undefined
