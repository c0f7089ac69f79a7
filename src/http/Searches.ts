/**
 * The searches that the API refuses: each answer would tell of a payload what it does not show.
 */
import { Effect, Result } from "effect"
import { type JobQuery, readsPayloads } from "../domain/JobQuery.ts"
import * as JobQueryText from "../domain/JobQueryText.ts"
import { isSecret } from "../domain/SecretNames.ts"
import { Actor } from "./Gate.ts"
import { Denied } from "./Problems.ts"
import * as Shown from "./Shown.ts"

/** Refuses a search for what the sender is not shown. */
export const allow = Effect.fnUntraced(function*(query: JobQuery) {
  if (!readsPayloads(query)) return
  const { rights } = yield* Actor
  const right = "payloads"
  if (!rights.has(right)) {
    const detail = `a search for payload and text needs the right "${right}"`
    return yield* new Denied({ right, detail })
  }
  if (yield* Shown.IsDecided) {
    return yield* new Denied({
      detail: "payload and text cannot be searched for, as the application decides what is shown"
    })
  }
  const secret = query.payload?.flatMap(({ path }) => path).find(isSecret)
  if (secret !== undefined) {
    return yield* new Denied({
      detail: `payload cannot be searched for ${secret}, which is not shown`
    })
  }
})

/** The same for a text. One that cannot be meant is refused by the service that reads it. */
export const allowText = (text = "") =>
  Result.match(JobQueryText.parse(text), { onSuccess: allow, onFailure: () => Effect.void })
