/**
 * The contract of `JobRepo`. Each implementation runs this suite.
 */
import { layer as withLayer } from "@effect/vitest"
import type { Layer } from "effect"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import type { Scheduler } from "../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claiming } from "./jobRepo/Claiming.ts"
import { laneRuns } from "./jobRepo/LaneRuns.ts"
import { lanes } from "./jobRepo/Lanes.ts"
import { offering } from "./jobRepo/Offering.ts"
import { settling } from "./jobRepo/Settling.ts"
import { tracing } from "./jobRepo/Tracing.ts"
import { waiting } from "./jobRepo/Waiting.ts"

export const suite = (
  name: string,
  store: Layer.Layer<JobRepo | Scheduler | WorkerRegistry, unknown>
) =>
  withLayer(store, { timeout: "60 seconds", excludeTestServices: true })(
    `JobRepo (${name})`,
    (it) => {
      claiming(it)
      settling(it)
      lanes(it)
      laneRuns(it)
      waiting(it)
      offering(it)
      tracing(it)
    }
  )
