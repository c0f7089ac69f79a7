/**
 * Password files and service files are read as libpq reads them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as PasswordFile from "../../src/domain/PasswordFile.ts"
import * as ServiceFile from "../../src/domain/ServiceFile.ts"

const wanted = { hosts: ["db.example"], port: 5432, dbname: "app", user: "bob" }

describe("a password file", () => {
  it.each([
    ["db.example:5432:app:bob:secret", "secret"],
    ["*:*:*:*:ab", "ab"],
    ["db.example:5432:app:bob:a:b\\:c\\\\d", "a:b:c\\d"],
    ["#db.example:5432:app:bob:no\ndb.example:5432:app:bob:yes", "yes"],
    ["db.example:5432:app:bob:first\n*:*:*:*:second", "first"],
    ["db.example:5432:*:bob: kept \r\n", " kept "],
    ["db.example:5433:app:bob:no", undefined],
    ["db.example:5432:app:bo:no", undefined],
    ["\\*:5432:app:bob:no", undefined],
    ["db.example:5432:app:bob", undefined],
    ["db.example:5432:app:bob:", ""],
    ["", undefined]
  ])("%j", (text, expected) => {
    assert.strictEqual(PasswordFile.find(text, wanted), expected)
  })

  it("takes escaped colons and backslashes in every field", () => {
    const odd = { hosts: ["::1"], port: 1, dbname: "a\\b", user: "c:d" }

    assert.strictEqual(PasswordFile.find("\\:\\:1:1:a\\\\b:c\\:d:x", odd), "x")
  })
})

describe("a service file", () => {
  const text =
    "# all\n[a]\nhost=h\n  port=1  \n\n# none\n[b]\npassword= x =y\n[ab]\nhost=no\n[a]\nuser=no\n"

  it.each([
    ["a", [["host", "h"], ["port", "1"]]],
    ["b", [["password", " x =y"]]],
    ["c", undefined]
  ])("has %j", (service, expected) => {
    const found = Result.getOrThrow(ServiceFile.find(text, service))
    assert.strictEqual(JSON.stringify(found), JSON.stringify(expected))
  })

  it.each(["[a]\nhost", "[a]\nhost =h", "[a]\nservice=b", "[a]\n=h"])("is refused: %j", (text) => {
    assert.isTrue(Result.isFailure(ServiceFile.find(text, "a")))
  })
})
