/**
 * The search for the jobs of a group of failures, as far as a search can say what a group is.
 */
import type { FailureGroup } from "../../../src/domain/FailureGroups.ts"
import { quoted } from "./searchText.ts"

type Group = Pick<FailureGroup, "name" | "fingerprint">

/**
 * The longest part of the fingerprint that all errors of the group have; none if it is too short to
 * tell one error from another.
 */
export const partOf = (fingerprint: string): string | undefined =>
  fingerprint.split(/[…\uFFFD]/)
    .map((part) => part.trim())
    .filter(({ length }) => length >= 4)
    .toSorted((a, b) => b.length - a.length)[0]

/** The search for jobs of the group in these states, of one queue or, if it is empty, of all. */
export const searchOf = ({ fingerprint, name }: Group, states: string, queue: string): string => {
  const part = partOf(fingerprint)
  return [
    `state:${states}`,
    ...queue === "" ? [] : [`queue:${quoted(queue)}`],
    `name:${quoted(name)}`,
    ...part === undefined ? [] : [`error:${quoted(part)}`]
  ].join(" ")
}
