/**
 * The user's home folder. Some processes have none.
 */
import { Result } from "effect"
import { homedir } from "node:os"
import { join } from "node:path"

export const underHome = (...names: ReadonlyArray<string>): string | undefined =>
  Result.getOrUndefined(
    Result.try({ try: () => join(homedir(), ...names), catch: () => undefined })
  )
