/**
 * The program behind the entry: here, the module beside this one. The build replaces this module in
 * `dist` by one that loads the program as one file, with all that it imports: a command then starts
 * in half the time.
 */
import type * as Main from "./main.ts"

export const load = (): Promise<typeof Main> => import("./main.ts")
