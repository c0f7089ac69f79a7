/**
 * All mutants of pgq, and the checks that notice them. `docs/reliability.md` has a table of the
 * mutants.
 */
import type { By, Mutant } from "./Mutant.ts"
import { ofCancels } from "./ofCancels.ts"
import { ofConnections } from "./ofConnections.ts"
import { ofExpiries } from "./ofExpiries.ts"
import { ofFailureReports } from "./ofFailureReports.ts"
import { ofFigures } from "./ofFigures.ts"
import { ofFloors } from "./ofFloors.ts"
import { ofHands } from "./ofHands.ts"
import { ofHints } from "./ofHints.ts"
import { ofHttp } from "./ofHttp.ts"
import { ofInsight } from "./ofInsight.ts"
import { ofLists } from "./ofLists.ts"
import { ofLives } from "./ofLives.ts"
import { ofModels } from "./ofModels.ts"
import { ofOperations } from "./ofOperations.ts"
import { ofOperators } from "./ofOperators.ts"
import { ofOutcomes } from "./ofOutcomes.ts"
import { ofPauses } from "./ofPauses.ts"
import { ofPlans } from "./ofPlans.ts"
import { ofPools } from "./ofPools.ts"
import { ofProbes } from "./ofProbes.ts"
import { ofProtocol } from "./ofProtocol.ts"
import { ofRights } from "./ofRights.ts"
import { ofRunReports } from "./ofRunReports.ts"
import { ofRuns } from "./ofRuns.ts"
import { ofSoaks } from "./ofSoaks.ts"
import { ofSources } from "./ofSources.ts"
import { ofSql } from "./ofSql.ts"
import { ofStops } from "./ofStops.ts"
import { ofTop } from "./ofTop.ts"
import { ofTraces } from "./ofTraces.ts"
import { ofTransactions } from "./ofTransactions.ts"
import { ofUnique } from "./ofUnique.ts"
import { ofWaking } from "./ofWaking.ts"

export const mutants: ReadonlyArray<Mutant> = [
  ...ofProtocol,
  ...ofOutcomes,
  ...ofSql,
  ...ofFigures,
  ...ofFloors,
  ...ofWaking,
  ...ofHands,
  ...ofCancels,
  ...ofOperators,
  ...ofOperations,
  ...ofExpiries,
  ...ofFailureReports,
  ...ofUnique,
  ...ofPauses,
  ...ofTransactions,
  ...ofTraces,
  ...ofSources,
  ...ofLives,
  ...ofConnections,
  ...ofPools,
  ...ofPlans,
  ...ofRights,
  ...ofRuns,
  ...ofRunReports,
  ...ofHints,
  ...ofInsight,
  ...ofLists,
  ...ofHttp,
  ...ofProbes,
  ...ofStops,
  ...ofTop,
  ...ofSoaks,
  ...ofModels
]

/** The mutants that a checker notices. */
export const foundBy = (checker: By["checker"]): ReadonlyArray<Mutant> =>
  mutants.filter(({ by }) => by.some((one) => one.checker === checker))
