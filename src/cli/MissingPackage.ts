/**
 * A package that an application may do without, and the command line may not.
 *
 * Imports nothing that may be missing itself.
 */

/** Ends the process with the line that says which package is missing. */
export const end = (error: unknown): Promise<never> | undefined => {
  const line = issue(error)
  if (line === undefined) return Promise.reject(error)
  process.stderr.write(`pgq: ${line}\n`)
  process.exitCode = 2
  return undefined
}

/** Nothing for an error that speaks of something else. */
const issue = (error: unknown): string | undefined => {
  if (!(error instanceof Error) || !("code" in error)) return undefined
  if (error.code !== "ERR_MODULE_NOT_FOUND") return undefined
  const name = /Cannot find package '([^']+)'/.exec(error.message)?.[1]
  return name && `the command line needs ${name}; npm install ${name}`
}
