/**
 * Every question, in the order of the table.
 */
import type { Scenario } from "../Scenario.ts"
import { behindLane } from "./behindLane.ts"
import { bulk } from "./bulk.ts"
import { claim } from "./claim.ts"
import { drain, drainTwo, drainTwoUnkept, drainUnkept } from "./drain.ts"
import { everyday } from "./everyday.ts"
import { idle } from "./idle.ts"
import { manyLanes, oneLane } from "./lanes.ts"
import { latencyIdle } from "./latencyIdle.ts"
import { latencyLoad } from "./latencyLoad.ts"
import { pinned } from "./pinned.ts"
import { pinnedClaim } from "./pinnedClaim.ts"
import { producers } from "./producers.ts"
import { retries } from "./retries.ts"
import { scheduled } from "./scheduled.ts"
import { singles } from "./singles.ts"
import { spread } from "./spread.ts"
import { startUp } from "./startUp.ts"

export const scenarios: ReadonlyArray<Scenario> = [
  drain,
  drainTwo,
  drainUnkept,
  drainTwoUnkept,
  bulk,
  ...singles,
  latencyIdle,
  latencyLoad,
  startUp,
  oneLane,
  manyLanes,
  behindLane,
  claim,
  scheduled,
  retries,
  pinned,
  pinnedClaim,
  producers,
  spread,
  everyday,
  idle
]
