/**
 * The two forms of a connection string, `dbname=pgq host=/tmp` and `postgres://…`, as names and
 * values: read by libpq's grammar, and written so that it reads them back.
 */
import { Result } from "effect"

export type Pair = readonly [name: string, value: string]

/** The mistake is named without the rest of the text, which may hold a password. */
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

// A name, an equals sign, and a value: quoted, or up to the next space. A backslash takes the next
// character as it is, and is nothing at the end.
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

// Of any scheme, so that one with a slip in it is refused as a URL.
const urlPattern = /^\s*[^\s=]*:\/\//

// Up to the first @ it is the user and the password, whatever else stands there; but no slash.
const partsPattern =
  /^postgres(?:ql)?:\/\/(?:([^@/:]*)(?::([^@/]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?([^]*))?$/i

const hostPattern = /^(?:\[([^\][]+)\]|([^:@[\]]*))(?::(\d*))?$/

const fromUrl = (text: string): Result.Result<ReadonlyArray<Pair>, string> => {
  const [isUrl, user, password, authority = "", dbname, query = ""] = partsPattern.exec(text) ?? []
  const hosts = authority.split(",").map((host) => hostPattern.exec(host))
  // Of a password with a slash in it, the rest would be taken for the database's name, and shown.
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

/** The one name of JDBC's that libpq takes in a URL, and as others write it. */
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
