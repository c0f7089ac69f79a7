/**
 * What is installed here, in which version.
 */
import { readFileSync } from "node:fs"
import { findPackageJSON } from "node:module"

/** A package as "name version", by what it would be imported as from here. */
export const installed = (specifier: string): string => {
  const path = findPackageJSON(specifier, import.meta.url)
  if (path === undefined) throw new Error(`${specifier} is not installed`)
  const { name, version }: { name: string; version: string } = JSON.parse(
    readFileSync(path, "utf8")
  )
  return `${name} ${version}`
}
