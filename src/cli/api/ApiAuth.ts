/**
 * The secrets of `pgq api`: from the environment, or from files that it names. None comes from a
 * flag, which other users of the machine could read.
 */
import { Config, Effect, FileSystem, Option, Redacted } from "effect"
import { IpNetwork } from "effect/net"
import { randomBytes } from "node:crypto"
import { SettingInvalid } from "../../domain/Errors.ts"
import type { Auth } from "../../http/Credentials.ts"
import type { Input } from "./ApiInput.ts"

/** The way in which clients show who they are; `printed` is the token that nobody knows yet. */
export interface Chosen {
  readonly auth: Auth
  readonly printed?: string
}

export const of = Effect.fnUntraced(function*(
  kind: "token" | "basic" | "bearer" | "proxy" | "none",
  { trustedProxy, userHeader }: Pick<Input, "trustedProxy" | "userHeader">
): Effect.fn.Return<Chosen, SettingInvalid, FileSystem.FileSystem> {
  switch (kind) {
    case "token": {
      const printed = randomBytes(24).toString("base64url")
      return { auth: { kind: "bearer", token: Redacted.make(printed) }, printed }
    }
    case "bearer": {
      const token = yield* secret("PGQ_API_TOKEN")
      const reading = yield* secret("PGQ_API_TOKEN_READ")
      if (token === undefined && reading === undefined) {
        return yield* missing("bearer", "PGQ_API_TOKEN or PGQ_API_TOKEN_READ")
      }
      return { auth: { kind: "bearer", token, reading } }
    }
    case "basic": {
      const user = yield* secret("PGQ_API_USER")
      const password = yield* secret("PGQ_API_PASSWORD")
      if (user === undefined || password === undefined) {
        return yield* missing("basic", "PGQ_API_USER and PGQ_API_PASSWORD")
      }
      return { auth: { kind: "basic", user: Redacted.value(user), password } }
    }
    case "proxy": {
      const header = Option.getOrElse(userHeader, () => "")
      return { auth: { kind: "proxy", header, trusted: yield* networks(trustedProxy) } }
    }
    case "none":
      return { auth: { kind: "none" } }
  }
})

/** The networks of proxies that are believed. */
export const networks = (texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text) =>
    Effect.mapError(
      Effect.fromResult(IpNetwork.fromString(text)),
      () => new SettingInvalid({ setting: "--trusted-proxy", issue: `"${text}" is no network` })
    ))

const missing = (auth: string, names: string) =>
  new SettingInvalid({
    setting: `--auth ${auth}`,
    issue: `set ${names}, or with _FILE behind it the name of a file`
  })

const variable = (name: string) =>
  Effect.mapError(
    Config.map(Config.option(Config.String(name)), Option.filter((text) => text !== "")),
    (error) => new SettingInvalid({ setting: name, issue: error.message })
  )

const secret = Effect.fnUntraced(function*(name: string) {
  const text = Option.getOrUndefined(yield* variable(name))
  const file = Option.getOrUndefined(yield* variable(`${name}_FILE`))
  const found = text ?? (file === undefined ? undefined : yield* contentOf(`${name}_FILE`, file))
  return found === undefined ? undefined : Redacted.make(found)
})

const contentOf = Effect.fnUntraced(function*(setting: string, path: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    files.readFileString(path),
    ({ message }) => new SettingInvalid({ setting, issue: message })
  )
  const content = text.replace(/\r?\n$/, "")
  return content === "" ? yield* new SettingInvalid({ setting, issue: "it is empty" }) : content
})
