/**
 * The table of decisions in the documentation.
 */
import { Duration } from "effect"
import type { Settlement } from "../../src/domain/Settlement.ts"
import * as Decisions from "../domain/Decisions.ts"

export const page = "docs/reference/errors.md"

const consequence = (settlement: Settlement): string => {
  switch (settlement._tag) {
    case "Completed":
      return "is completed"
    case "Released":
      return "goes back as it was"
    case "Retried":
      return `is tried again after ${after(settlement)}`
    case "Snoozed":
      return `runs again after ${after(settlement)}; no attempt is used`
    case "Failed":
      return settlement.blocksLane ? "has failed, and blocks its lane" : "has failed"
    case "Cancelled":
      return "is cancelled"
    case "Unhandled":
      return "waits for a worker with a handler"
  }
}

const after = ({ delay, holdsLane }: {
  readonly delay: Duration.Duration
  readonly holdsLane: boolean
}): string => `${Duration.format(delay)}, and its lane ${holdsLane ? "waits" : "goes on"}`

const rows = Decisions.all.map(({ end, rule, settlement }) =>
  `| ${end} | ${rule} | ${consequence(settlement)} |\n`
)

const table = `| a run that … | rule | its job |\n| --- | --- | --- |\n${rows.join("")}`

/** The text of the page with an up-to-date table. */
export const writtenInto = (text: string): string =>
  text.replace(/^\| a run that … \| rule \| its job \|\n(?:\|.*\n)*/m, () => table)
