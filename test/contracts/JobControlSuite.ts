/**
 * The contract of `JobControl`. Each implementation runs this suite.
 */
import { layer as withLayer } from "@effect/vitest"
import type { Layer } from "effect"
import { asking } from "./jobControl/Asking.ts"
import { awaiting } from "./jobControl/Awaiting.ts"
import type { Services } from "./jobControl/Cancelling.ts"
import { copying } from "./jobControl/Copying.ts"
import { discarding } from "./jobControl/Discarding.ts"
import { editing } from "./jobControl/Editing.ts"
import { editingByKind } from "./jobControl/EditingByKind.ts"
import { ending } from "./jobControl/Ending.ts"
import { expiring } from "./jobControl/Expiring.ts"
import { leased } from "./jobControl/Leased.ts"
import { many } from "./jobControl/Many.ts"
import { manyFinished } from "./jobControl/ManyFinished.ts"
import { redriving } from "./jobControl/Redriving.ts"
import { reporting } from "./jobControl/Reporting.ts"
import { retrying } from "./jobControl/Retrying.ts"
import { running } from "./jobControl/Running.ts"
import { waiting } from "./jobControl/Waiting.ts"

export const suite = (name: string, control: Layer.Layer<Services, unknown>) =>
  withLayer(control, { timeout: "60 seconds", excludeTestServices: true })(
    `JobControl (${name})`,
    (it) => {
      asking(it)
      waiting(it)
      leased(it)
      ending(it)
      many(it)
      retrying(it)
      redriving(it)
      copying(it)
      discarding(it)
      editing(it)
      editingByKind(it)
      manyFinished(it)
      expiring(it)
      running(it)
      awaiting(it)
      reporting(it)
    }
  )
