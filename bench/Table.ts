/**
 * What a run has found, as a table for people or as JSON.
 */
import type { Contender } from "./Contender.ts"
import type { Figure, Figures, Scenario } from "./Scenario.ts"
import { shown, shownRatio } from "./Shown.ts"

export interface Found {
  readonly scenario: Scenario
  /** By contender: the figures of each round. */
  readonly rounds: ReadonlyMap<string, ReadonlyArray<Figures>>
}

interface Row {
  readonly name: string
  readonly figure: Figure
  /** Nothing for who was not asked; NaN for who did not finish. */
  readonly valueOf: (name: string) => number | undefined
}

export const markdown = (
  found: ReadonlyArray<Found>,
  contenders: ReadonlyArray<Contender>
): ReadonlyArray<string> => {
  const header = [
    "scenario",
    ...contenders.map(({ name }) => name),
    "pgq / best PostgreSQL peer",
    "pgq / plain SQL"
  ]
  const hasValue = (row: Row) => contenders.some(({ name }) => row.valueOf(name) !== undefined)
  const lines = found.flatMap(rows).filter(hasValue).map((row) => [
    `${row.name} (${row.figure.unit})`,
    ...contenders.map(({ name }) => shown(row.valueOf(name))),
    shownRatio(peerRatio(row, contenders)),
    shownRatio(limitShare(row))
  ])
  return [header, header.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`)
}

export const json = (found: ReadonlyArray<Found>, contenders: ReadonlyArray<Contender>) =>
  found.flatMap(rows).map((row) => ({
    scenario: row.name,
    unit: row.figure.unit,
    better: row.figure.better,
    figures: Object.fromEntries(contenders.flatMap(({ name }) => {
      const value = row.valueOf(name)
      return value === undefined ? [] : [[name, Number.isNaN(value) ? "did not finish" : value]]
    })),
    toBestPeer: peerRatio(row, contenders),
    toPlainSql: limitShare(row)
  }))

const rows = ({ rounds, scenario }: Found): ReadonlyArray<Row> =>
  scenario.figures.map((figure, index) => ({
    name: [scenario.name, ...(figure.of === undefined ? [] : [figure.of])].join(", ") +
      (scenario.isDeep ? ", one round" : ""),
    figure,
    valueOf: (name) => median((rounds.get(name) ?? []).map((figures) => figures[index]))
  }))

/** NaN when a half or more did not finish. */
export const median = (values: ReadonlyArray<number | undefined>): number | undefined => {
  const asked = values.filter((value) => value !== undefined)
  if (asked.length === 0) return undefined
  const finished = asked.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b)
  return finished.length * 2 > asked.length
    ? finished[Math.floor(finished.length / 2)]
    : Number.NaN
}

const peerRatio = ({ figure, valueOf }: Row, contenders: ReadonlyArray<Contender>) => {
  const peers = contenders.filter(({ role }) => role === "peer")
    .map(({ name }) => valueOf(name))
    .filter((value) => value !== undefined)
    .filter((value) => !Number.isNaN(value))
  if (figure.better === undefined || peers.length === 0) return undefined
  return quotient(
    valueOf("pgq"),
    figure.better === "more" ? Math.max(...peers) : Math.min(...peers)
  )
}

const limitShare = ({ valueOf }: Row) => quotient(valueOf("pgq"), valueOf("plain SQL"))

const quotient = (own: number | undefined, other: number | undefined) => {
  if (own === undefined || other === undefined) return undefined
  const ratio = own / other
  return Number.isFinite(ratio) ? ratio : undefined
}
