/**
 * The two forms of a connection string, `dbname=pgq host=/tmp` and `postgres://…`, as names and
 * values. They are read by libpq's grammar, and written so that libpq reads them back.
 */
import { Result } from "effect"

export type Pair = readonly [name: string, value: string]

/** The error does not repeat the rest of the text, which may contain a password. */
export const read = (text: string): Result.Result<ReadonlyArray<Pair>, string> =>
  text.includes("\0")
    ? Result.fail("a connection string has no NUL character")
    : urlPattern.test(text)
    ? fromUrl(text.trim())
    : fromPairs(text)

export const write = (pairs: ReadonlyArray<readonly [string, string | undefined]>): string =>
  pairs.flatMap(([name, value]) => value === undefined ? [] : [`${name}=${quote(value)}`]).join(" ")

const quote = (value: string): string =>
  /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, "\\$&")}'`

// A name, an equals sign, and a value that is quoted or ends at the next space. A backslash quotes
// the next character; at the end of the text it means nothing.
const space = "[ \\t-\\r]*"
const quotedValue = "'((?:[^'\\\\]|\\\\[^])*)'"
const bareValue = "((?!')(?:[^ \\t-\\r\\\\]|\\\\[^]|\\\\$)*)"
const pairPattern = new RegExp(
  `${space}([^ \\t-\\r=]+)${space}=${space}(?:${quotedValue}|${bareValue})`,
  "y"
)

const fromPairs = (text: string): Result.Result<ReadonlyArray<Pair>, string> => {
  const matches = Array.from(text.matchAll(new RegExp(pairPattern, "gy")))
  const end = matches.reduce((length, match) => length + match[0].length, 0)
  if (text.slice(end).trim() !== "") {
    return Result.fail(
      `not a connection string from character ${
        end + 1
      } on; write "dbname=pgq host=/tmp" or postgres://…`
    )
  }
  return Result.succeed(matches.map(([, name, quoted, plain]): Pair => [
    name ?? "",
    (quoted ?? plain ?? "").replace(/\\([^]|$)/g, "$1")
  ]))
}

// Any scheme matches, so that a mistyped scheme is refused as a URL.
const urlPattern = /^\s*[^\s=]*:\/\//

// The text before the first @ is the user and the password. It contains no slash.
const partsPattern =
  /^postgres(?:ql)?:\/\/(?:([^@/:]*)(?::([^@/]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?([^]*))?$/i

const hostPattern = /^(?:\[([^\][]+)\]|([^:@[\]]*))(?::(\d*))?$/

const fromUrl = (text: string): Result.Result<ReadonlyArray<Pair>, string> => {
  const [isUrl, user, password, authority = "", dbname, query = ""] = partsPattern.exec(text) ?? []
  const hosts = authority.split(",").map((host) => hostPattern.exec(host))
  // If a password contains a slash, the text behind the slash would be taken for the database's
  // name and printed.
  if (
    isUrl === undefined || hosts.includes(null) || (user === undefined && dbname?.includes("@"))
  ) {
    return Result.fail(urlInvalid)
  }
  const list = (of: (host: RegExpExecArray | null) => string | undefined): string => {
    const all = hosts.map((host) => of(host) ?? "")
    return all.every((one) => one === "") ? "" : all.join(",")
  }
  const parts: ReadonlyArray<readonly [string, string | undefined]> = [
    ["user", user],
    ["password", password],
    ["host", list((host) => host?.[1] ?? host?.[2])],
    ["port", list((host) => host?.[3])],
    ["dbname", dbname]
  ]
  return Result.flatMap(
    Result.all(
      parts.flatMap(([name, value]) => value ? [decoded(name, value)] : [])
    ),
    (pairs) => Result.map(fromQuery(query), (more) => [...pairs, ...more])
  )
}

const fromQuery = (query: string): Result.Result<ReadonlyArray<Pair>, string> =>
  Result.all(
    query.split("&").filter((part) => part !== "").map((part) => {
      const [name = "", value, ...more] = part.split("=")
      return name === "" || value === undefined || more.length > 0
        ? Result.fail(
          "the part after ? in a URL is name=value&name=value, with an = in a value as %3D"
        )
        : Result.map(decoded(name, value), likeJdbc)
    })
  )

/** The one JDBC parameter that libpq accepts in a URL, in the spellings of other programs. */
const likeJdbc = (pair: Pair): Pair => {
  const mode = pair[0] === "ssl" ? sslModes.get(pair[1]) : undefined
  return mode === undefined ? pair : ["sslmode", mode]
}

const sslModes = new Map([
  ["true", "require"],
  ["1", "require"],
  ["false", "disable"],
  ["0", "disable"]
])

const decoded = (name: string, value: string): Result.Result<Pair, string> =>
  Result.filterOrFail(
    Result.try({
      try: (): Pair => [decodeURIComponent(name), decodeURIComponent(value)],
      catch: () => urlInvalid
    }),
    (pair) => !pair.some((part) => part.includes("\0")),
    () => urlInvalid
  )

const urlInvalid =
  "not a valid URL; write postgres://user:password@host:5432/dbname, special characters as %40"
