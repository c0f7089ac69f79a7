/**
 * The contract of `JobControl`. Each implementation runs this suite.
 */
import { layer as withLayer } from "@effect/vitest"
import type { Layer } from "effect"
import type { Services } from "./jobControl/Cancelling.ts"
import { ending } from "./jobControl/Ending.ts"
import { leased } from "./jobControl/Leased.ts"
import { many } from "./jobControl/Many.ts"
import { waiting } from "./jobControl/Waiting.ts"

export const suite = (name: string, control: Layer.Layer<Services, unknown>) =>
  withLayer(control, { timeout: "60 seconds", excludeTestServices: true })(
    `JobControl (${name})`,
    (it) => {
      waiting(it)
      leased(it)
      ending(it)
      many(it)
    }
  )
