/**
 * The next step for settlements that the store has refused.
 */
import { assert, it } from "@effect/vitest"
import { StoreError } from "../../src/domain/Errors.ts"
import { nextOf } from "../../src/domain/Refusal.ts"

const error = (isTransient: boolean, code?: string) =>
  new StoreError({
    operation: "settle",
    isTransient,
    ...(code === undefined ? {} : { code }),
    detail: "no",
    cause: undefined
  })

it.each([
  ["a lost connection", error(true), "sent again"],
  ["a refusal", error(false, "23514"), "sent one by one"],
  ["an error of the server's inside", error(false, "XX000"), "sent again"],
  ["an error of the client", error(false), "sent again"]
])("%s decides what becomes of a batch", (_, refusal, next) => {
  assert.strictEqual(nextOf(refusal, { isCertain: false, size: 2 }), next)
})

it.each([
  ["a lost connection", error(true), "sent again"],
  ["a refusal", error(false, "23514"), "refused"],
  ["an error of the server's inside", error(false, "XX000"), "refused"],
  ["an error of the client", error(false), "refused"]
])("%s that comes again decides what becomes of a settlement alone", (_, refusal, next) => {
  assert.strictEqual(nextOf(refusal, { isCertain: true, size: 1 }), next)
})
