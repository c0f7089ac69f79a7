/**
 * Connection strings are read as libpq reads them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Redacted, Result, Schema } from "effect"
import * as Conninfo from "../../src/domain/Conninfo.ts"
import { socketPath } from "../../src/domain/ConninfoHosts.ts"

const defaults = { setting: "-c", user: "me", host: () => "localhost" }

const tried = (text: string) =>
  Result.flatMap(Conninfo.parse(text, "-c"), ({ given }) => Conninfo.complete(given, defaults))

const read = (text: string) => Result.getOrThrow(tried(text))

const issueOf = (text: string) => Result.getOrThrow(Result.flip(tried(text))).message

const firstHost = (text: string) => read(text).hosts[0]!

describe("Conninfo", () => {
  it("reads a libpq string", () => {
    const { dbname, hosts, user } = read("dbname=pgq host=/tmp port=5433 user=bob")

    assert.deepStrictEqual({ dbname, hosts, user }, {
      dbname: "pgq",
      hosts: [{ host: "/tmp", hostaddr: undefined, port: 5433 }],
      user: "bob"
    })
  })

  it.each([
    ["dbname='my db'", "my db"],
    ["dbname = spaced", "spaced"],
    [String.raw`dbname='it\'s'`, "it's"],
    [String.raw`dbname='back\\slash'`, String.raw`back\slash`],
    [String.raw`dbname=a\ b`, "a b"],
    ["dbname=first dbname=last", "last"],
    ["  dbname=x  ", "x"],
    ["dbname=''", "me"],
    ["", "me"]
  ])("reads the database's name in %j", (text, dbname) => {
    assert.strictEqual(read(text).dbname, dbname)
  })

  it("reads a URL with everything in it", () => {
    const conninfo = read("postgres://b%40b:p%2Fw@[::1]:5433/my%20db?sslmode=require")
    const [host] = conninfo.hosts

    assert.deepStrictEqual(
      [conninfo.user, host?.host, host?.port, conninfo.dbname, conninfo.tls.mode],
      ["b@b", "::1", 5433, "my db", "require"]
    )
    assert.strictEqual(Redacted.value(conninfo.password!), "p/w")
  })

  it.each([" postgres://u:p@h/d", "Postgres://u:p@h/d", "POSTGRESQL://u:p@h/d\n"])(
    "reads the URL %j",
    (text) => {
      const { dbname, hosts, password, user } = read(text)

      assert.deepStrictEqual([user, hosts[0]?.host, dbname], ["u", "h", "d"])
      assert.strictEqual(Redacted.value(password!), "p")
    }
  )

  it.each(["postgresql:///x?host=/tmp", "postgres://%2Ftmp/x", "host=/tmp dbname=x"])(
    "finds the socket of %j",
    (text) => {
      assert.strictEqual(socketPath(firstHost(text)), "/tmp/.s.PGSQL.5432")
    }
  )

  it("writes an abstract socket with a leading NUL", () => {
    assert.strictEqual(socketPath(firstHost("host=@pg")), "\0pg/.s.PGSQL.5432")
  })

  it("fills in what libpq would", () => {
    const conninfo = read("")

    assert.deepStrictEqual(
      [conninfo.hosts, conninfo.user, conninfo.dbname, conninfo.password, conninfo.tls.mode],
      [[{ host: "localhost", hostaddr: undefined, port: 5432 }], "me", "me", undefined, "prefer"]
    )
    assert.deepStrictEqual(conninfo.connectTimeout, Duration.seconds(5))
  })

  it.each([
    ["hots=/tmp", `-c: unknown parameter "hots"`],
    ["postgres://h/d?sslmod=require", `-c: unknown parameter "sslmod"`],
    ["dbname", "-c: not a connection string from character 1 on"],
    ["dbname=x password='open", "-c: not a connection string from character 9 on"],
    ["port=70000", `-c: port "70000" is not`],
    ["port=abc", `-c: port "abc" is not`],
    ["connect_timeout=soon", `-c: connect_timeout "soon" is not`],
    ["sslmode=yes", `-c: sslmode "yes" is not one of disable`],
    ["prepare=no", `-c: prepare "no" is neither`],
    ["host=a,b,c port=1,2", "-c: 2 ports do not go with 3 hosts"],
    ["host=a,b hostaddr=127.0.0.1", "-c: 2 hosts do not go with 1 of hostaddr"],
    ["postgress://h/d?sslmode=require", "-c: not a valid URL"],
    ["jdbc:postgresql://h/d?user=u", "-c: not a valid URL"],
    ["dbname=x a:b=c", "-c: unknown parameter; known are"],
    ["port=5432;x", "-c: port is not a number"],
    ["postgres://u:p%ZZ@h/d", "-c: not a valid URL"],
    ["postgres://[::1/d", "-c: not a valid URL"],
    ["postgres://h/d?sslmode", "-c: the part after ? in a URL"],
    ["dbname=a\0b", "-c: a connection string has no NUL"]
  ])("refuses %j", (text, issue) => {
    assert.isTrue(issueOf(text).startsWith(issue), issueOf(text))
  })

  it.each([
    "password='sec ret",
    "postgres://u:sec%ret@h",
    "postgres://u:1/sec@h/d",
    "postgres://h/d?sslmode=require;password=sec",
    "host=h;user=u;password=sec;dbname=d"
  ])("never repeats the password of %j", (text) => {
    assert.notInclude(issueOf(text), "sec")
  })

  it("describes a connection without its password", () => {
    const conninfo = read("dbname=x password=secret host='/a b'")

    assert.strictEqual(Conninfo.describe(conninfo), "dbname=x host='/a b' port=5432 user=me")
    assert.notInclude(JSON.stringify(conninfo), "secret")
  })

  it.prop(
    "reads back what it wrote",
    { host: Schema.NonEmptyString, user: Schema.NonEmptyString, password: Schema.String },
    ({ host, password, user }) => {
      const texts = {
        host: host.replaceAll(/[,@]/g, "."),
        user,
        password,
        dbname: `${user}'s \\ db`
      }
      const given = Object.fromEntries(
        Object.entries(texts).map(([name, value]) => [name, value.replaceAll("\0", "0")])
      )
      const conninfo = Result.getOrThrow(Conninfo.complete(given, defaults))

      assert.deepStrictEqual(read(Redacted.value(Conninfo.format(conninfo))), conninfo)
    }
  )
})
