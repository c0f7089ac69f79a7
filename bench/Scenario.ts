/**
 * A question that contenders are asked, and the stage on which one answers.
 */
import type { Client } from "pg"
import type { Contender, Load, Place, Producer } from "./Contender.ts"
import type { Crew } from "./Crew.ts"

export interface Scenario {
  readonly name: string
  readonly figures: ReadonlyArray<Figure>
  /** One measurement answers all figures, in their order. */
  readonly run: (stage: Stage) => Promise<Figures>
  /** Who is asked. */
  readonly asks: (contender: Contender) => boolean
  /** Takes so long that one round must do. */
  readonly isDeep?: boolean
  /** Defaults to true. */
  readonly keepsHistory?: boolean
  /** Whether all jobs have keys and come while workers run. Defaults to false. */
  readonly hasKeys?: boolean
  /** When a measurement is given up. Defaults to two minutes. */
  readonly limitSeconds?: number
}

/** Nothing for what could not be asked, NaN for what did not finish. */
export type Figures = ReadonlyArray<number | undefined>

export interface Figure {
  /** What it is of, where the scenario's name does not say. */
  readonly of?: string
  readonly unit: string
  /** Which is better; nothing where no ratio makes sense. */
  readonly better?: "more" | "less"
}

/** A fresh database, made ready by one contender, for one measurement. */
export interface Stage {
  readonly contender: Contender
  readonly place: Place
  readonly isQuick: boolean
  readonly producer: Producer
  /** A session in the contender's database. */
  readonly sql: Client
  /** A session beside it, whose transactions are not counted there. */
  readonly server: Client
  /** Starts workers, which end with the measurement at the latest. */
  readonly crew: (load: Load, processes?: number) => Crew
  /** Gathers the statistics of a loaded database, which one that has run for a while has. */
  readonly analyze: () => Promise<unknown>
  /** Undone at the end, last first. */
  readonly later: (undo: () => Promise<unknown>) => void
  /** Says on stderr how far it has come. */
  readonly note: (line: string) => void
}

export const queues = ({ role }: Contender): boolean => role !== "limit"
export const onPostgres = ({ role }: Contender): boolean => role === "own" || role === "peer"
export const ownOnly = ({ role }: Contender): boolean => role === "own"
/** A dozen jobs a second is what pg-boss does at its defaults. */
export const keepsUp = ({ name }: Contender): boolean => name !== "pg-boss"
export const everyProducer = ({ isAtDefaults }: Contender): boolean => !isAtDefaults

export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, millis))

/** Nothing where there are too few to speak of it. */
export const quantile = (values: ReadonlyArray<number>, share: number): number | undefined => {
  if (values.length * (1 - share) < 1 - 1e-9) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]
}
