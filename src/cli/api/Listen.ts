/**
 * The address on which `pgq api` listens.
 */
import { Result } from "effect"
import { SettingInvalid } from "../../domain/Errors.ts"

/** A port of a host, or a socket file. */
export type Listen = { readonly host: string; readonly port: number } | { readonly path: string }

export const parse = (text: string): Result.Result<Listen, SettingInvalid> => {
  if (/^unix:.+$/.test(text)) return Result.succeed({ path: text.slice("unix:".length) })
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = inBrackets ?? plain
  const port = Number(digits)
  return host !== undefined && port <= 65_535
    ? Result.succeed({ host, port })
    : Result.fail(
      new SettingInvalid({
        setting: "--listen",
        issue: `"${text}" is neither an address such as 127.0.0.1:7470 nor unix:PATH`
      })
    )
}

/** Whether only programs of this machine reach the address. */
export const isPrivate = (listen: Listen): boolean =>
  "path" in listen || listen.host === "localhost" || listen.host === "::1" ||
  /^127(\.\d{1,3}){3}$/.test(listen.host)

/** The host as it stands in a URL. */
export const nameOf = (host: string): string => host.includes(":") ? `[${host}]` : host
