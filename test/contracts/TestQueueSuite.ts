/**
 * The contract of `TestQueue`. Each store runs this suite.
 */
import { layer as withLayer, type Vitest } from "@effect/vitest"
import type { Layer } from "effect"
import type { Services } from "../../src/layers/TestQueue.ts"
import { draining } from "./testQueue/Draining.ts"
import { expecting } from "./testQueue/Expecting.ts"
import { faults } from "./testQueue/Faults.ts"
import { performing } from "./testQueue/Performing.ts"
import { transacting } from "./testQueue/Transacting.ts"
import { travelling } from "./testQueue/Travelling.ts"

export type It = Vitest.MethodsNonLive<Services>

export const suite = (name: string, kit: Layer.Layer<Services, unknown>) =>
  withLayer(kit, { timeout: "60 seconds" })(`TestQueue (${name})`, (it) => {
    draining(it)
    expecting(it)
    performing(it)
    travelling(it)
    transacting(it)
    faults(it)
  })
