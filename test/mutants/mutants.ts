/**
 * All mutants. `test/properties` and `test/model` have mutants of their own; `docs/reliability.md`
 * lists all.
 */
import type { Mutant } from "./Mutant.ts"
import { ofConnections } from "./ofConnections.ts"
import { ofHands } from "./ofHands.ts"
import { ofLives } from "./ofLives.ts"
import { ofPools } from "./ofPools.ts"
import { ofSources } from "./ofSources.ts"
import { ofSql } from "./ofSql.ts"

export const mutants: ReadonlyArray<Mutant> = [
  ...ofSql,
  ...ofHands,
  ...ofSources,
  ...ofLives,
  ...ofConnections,
  ...ofPools
]
