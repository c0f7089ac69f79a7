/**
 * The models to check: pgq as it is, in several configurations, and the mutants of `test/mutants`
 * that a model finds.
 */
import type { ByModel } from "../mutants/Mutant.ts"
import { mutants } from "../mutants/mutants.ts"

/**
 * The model has no error; or an assertion fails; or the model comes to rest although work is left.
 */
export type Verdict = "holds" | "violated" | "stuck"

export interface Model {
  readonly model: ByModel["model"]
  readonly defines: string
  readonly expected: Verdict
}

const holding = (model: Model["model"], ...configurations: ReadonlyArray<string>) =>
  configurations.map((defines): Model => ({ model, defines, expected: "holds" }))

export const models: ReadonlyArray<Model> = [
  ...holding(
    "lane",
    "NJ=3 RUN=1",
    "NJ=3 RUN=1 STALLS=1",
    "NJ=3 RUN=1 STALLS=1 MIXED",
    "NJ=3 RUN=1 ABORTS=1",
    "NJ=2 RUN=1 STALLS=1 DEATHS=1 POISON",
    "NJ=2 RUN=1 STALLS=1 RETRIES=1",
    "NJ=2 RUN=1 DELETES=1",
    "NJ=2 RUN=1 CANCELS=1 STALLS=1",
    "NJ=2 RUN=1 CANCELS=1 RETRIES=1",
    "NJ=2 RUN=1 PAUSES=1",
    "NJ=2 RUN=1 EXPIRIES=1",
    "NJ=2 RUN=1 REDRIVES=1",
    "NJ=2 EXPIRIES=1 REDRIVES=1",
    "NJ=3 RUN=1 COMMITS=1",
    "NJ=2 RUN=1 COMMITS=2 STALLS=1",
    "NJ=2 RUN=1 COMMITS=1 STALLS=1 ABORTS=1",
    "NJ=2 RUN=1 COMMITS=1 CANCELS=1",
    "NJ=3 RUN=1 BOUNDED",
    "NJ=2 RUN=1 RETRIES=1 BOUNDED",
    "NJ=3 LOSSES=1",
    "NJ=2 RETRIES=1 LOSSES=1 BOUNDED",
    "NJ=3 NO_INDEX",
    "NJ=3 STALLS=1 EXCLUSIVE NO_SECOND_LOOK",
    "NJ=3 STALLS=1 EXCLUSIVE NO_INTERNAL"
  ),
  ...holding(
    "fence",
    "",
    "FAILOVER",
    "BY_ATTEMPT"
  ),
  ...holding(
    "floors",
    "",
    "GIVES_BACK",
    "NO_LOOK",
    "NO_FALLBACK"
  ),
  ...holding(
    "waking",
    "",
    "JOBS=2 DEATHS=1 FAILURES=1"
  ),
  ...holding(
    "unique",
    ""
  ),
  ...holding(
    "stopSignals",
    "",
    "CRASHES=1",
    "PARENT_DIES"
  ),
  ...mutants.flatMap(({ by }) => by.filter((one) => one.checker === "model"))
]
