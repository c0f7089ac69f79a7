/**
 * The grammar of connection strings. The expected values are the answers of libpq's
 * PQconninfoParse. The last tests list the cases in which pgq is stricter.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { sort } from "../../src/domain/ConninfoParameters.ts"
import * as ConninfoText from "../../src/domain/ConninfoText.ts"

const read = (text: string) => Result.flatMap(ConninfoText.read(text), sort)

describe("a connection string", () => {
  it.each([
    ["postgres://user@/db?host=/dir", { user: "user", dbname: "db", host: "/dir" }],
    ["postgres:///db?host=/dir&port=7", { dbname: "db", host: "/dir", port: "7" }],
    ["postgres://u@%2Fcloudsql%2Fa:b:c/d".replace("a:b:c", "a%3Ab%3Ac"), {
      user: "u",
      host: "/cloudsql/a:b:c",
      dbname: "d"
    }],
    ["postgres://a:1,b:2/d", { host: "a,b", port: "1,2", dbname: "d" }],
    ["postgres://a,b:2/d", { host: "a,b", port: ",2", dbname: "d" }],
    ["postgres://[::1]:5,[fe80::1]/d", { host: "::1,fe80::1", port: "5,", dbname: "d" }],
    ["postgres://u:p#ss@h/d", { user: "u", password: "p#ss", host: "h", dbname: "d" }],
    ["postgres://u:a:b?c@h/d", { user: "u", password: "a:b?c", host: "h", dbname: "d" }],
    ["postgres://h/d#frag", { host: "h", dbname: "d#frag" }],
    ["postgres://:5/d", { port: "5", dbname: "d" }],
    ["postgresql://", {}],
    ["postgres://h?user=a", { host: "h", user: "a" }],
    ["postgres://h/d?host=a&host=b", { host: "b", dbname: "d" }],
    ["postgres://h/d?options=a+b%20c", { host: "h", dbname: "d", options: "a+b c" }],
    ["postgres://h/d?ssl=true", { host: "h", dbname: "d", sslmode: "require" }],
    ["postgres://h/d?user=a@b&", { host: "h", dbname: "d", user: "a@b" }],
    ["postgres://h/a%2Fb/c", { host: "h", dbname: "a/b/c" }],
    ["host= dbname=x", { host: "dbname=x" }],
    ["host='a'port=1", { host: "a", port: "1" }],
    ["host=a'b", { host: "a'b" }],
    ["host=a\\", { host: "a" }],
    ["host=a\\ b user='it\\'s' port = 1", { host: "a b", user: "it's", port: "1" }],
    ["\tdbname=a\ndbname=b\v", { dbname: "b" }],
    ["dbname=a\u00a0b", { dbname: "a\u00a0b" }]
  ])("is read: %j", (text, expected) => {
    assert.deepStrictEqual(Result.getOrThrow(read(text)).given, expected)
  })

  it.each([
    "dbname",
    "ssl=true",
    "host='a",
    "=x",
    "postgres://h/d?a",
    "postgres://h/d?user=a=b",
    "postgres://h/d?=a",
    "postgres://h/d%00",
    "postgres://h/d%zz",
    "postgres://[::1]x/d",
    "postgres://[]/d",
    "postgres://[::1/d",
    "postgres://h/d?hots=x"
  ])("is refused: %j", (text) => {
    assert.isTrue(Result.isFailure(read(text)))
  })

  it.each([
    "postgres://u:1/sec@h/d",
    "postgres://a@b@c/d",
    "postgres://h:5x/d",
    "postgres://h/%ff"
  ])(
    "is refused although libpq takes it for something else than was meant: %j",
    (text) => {
      assert.isTrue(Result.isFailure(read(text)))
    }
  )

  it("says what it passes over", () => {
    const text = "postgres://h/d?schema=a&pgbouncer=true&keepalives_count=3"

    assert.deepStrictEqual(Result.getOrThrow(read(text)), {
      given: { host: "h", dbname: "d", prepare: "false" },
      remarks: [
        "ignores schema, which other programs read",
        "keepalives_count has no effect under Node",
        "takes pgbouncer=true as prepare=false"
      ]
    })
  })
})
