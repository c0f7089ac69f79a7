/**
 * The addresses on which `pgq api` listens.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Listen from "../../src/cli/api/Listen.ts"

const parse = (text: string) => Result.getOrThrow(Listen.parse(text))

describe("an address", () => {
  it.each(["127.0.0.1:7470", "127.9.9.9:0", "localhost:1", "[::1]:65535", "unix:/tmp/a b"])(
    "%s is of this machine alone",
    (text) => assert.isTrue(Listen.isPrivate(parse(text)))
  )

  it.each(["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.0.0.1.evil.test:1", "shop.example:1"])(
    "%s may be reached by others",
    (text) => assert.isFalse(Listen.isPrivate(parse(text)))
  )

  it.each(["7470", ":7470", "localhost", "localhost:x", "localhost:70000", "::1:7470", "unix:"])(
    "%s is none",
    (text) => assert.isTrue(Result.isFailure(Listen.parse(text)))
  )
})
