/**
 * Refuses operations: what is undone a day later needs a database.
 */
import { Effect } from "effect"
import { OperationRefused } from "../../domain/Operation.ts"
import type { Operations } from "../../services/Operations.ts"

const refused = Effect.fail(
  new OperationRefused({
    reason: "unsupported",
    detail: "a queue in memory has no operations: they need a database"
  })
)

export const service: Operations["Service"] = {
  plan: () => refused,
  run: () => refused,
  stop: () => refused,
  undo: () => refused,
  find: () => refused,
  items: () => refused,
  list: () => Effect.succeed([])
}
