/**
 * The authentication methods that a connection accepts.
 */
import { Result } from "effect"
import type { Parameters } from "./ConninfoParameters.ts"

/** The methods that pgq supports. `none` means that the server asks for no password. */
export const ways = ["none", "password", "md5", "scram-sha-256"] as const
export type Way = typeof ways[number]

export interface Auth {
  readonly allowed: ReadonlySet<Way>
  /** Whether the password's proof is bound to the server's certificate. */
  readonly channelBinding: "disable" | "prefer" | "require"
}

export const auth = (given: Parameters): Result.Result<Auth, string> =>
  Result.map(allowed(given.require_auth ?? ""), (ways) => ({
    allowed: ways,
    channelBinding: given.channel_binding === "disable" || given.channel_binding === "require"
      ? given.channel_binding
      : "prefer"
  }))

/** A list of methods, or of excluded methods, each with `!` before it. */
const allowed = (text: string): Result.Result<ReadonlySet<Way>, string> => {
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "")
  const named = words.map((word) => word.replace(/^!/, ""))
  const negated = words.filter((word) => word.startsWith("!")).length
  const unknown = named.find((word) => !known.has(word))
  if (unknown !== undefined) {
    return Result.fail(`require_auth is a list of ${Array.from(known).join(", ")}`)
  }
  if (negated !== 0 && negated !== words.length) {
    return Result.fail("require_auth has a ! before each way or before none")
  }
  const left = ways.filter((way) => negated > 0 ? !named.includes(way) : named.includes(way))
  return words.length === 0
    ? Result.succeed(new Set(ways))
    : left.length === 0
    ? Result.fail(`require_auth leaves none of ${ways.join(", ")}, which pgq can do`)
    : Result.succeed(new Set(left))
}

const known: ReadonlySet<string> = new Set([...ways, "gss", "sspi", "oauth"])
