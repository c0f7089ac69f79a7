/**
 * An address to listen on: a host and a port, or the path of a Unix socket.
 */
import { Option } from "effect"

export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }

/** Reads `127.0.0.1:7471`, `[::1]:7471`, `localhost:7471` or `unix:/run/pgq.sock`. */
export const parse = (text: string): Option.Option<ListenAddress> => {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length)
    return path === "" || /\p{Cc}/u.test(path) ? Option.none() : Option.some({ path })
  }
  const [, six, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:/\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = six ?? name
  return host === undefined || Number(port) > 65_535
    ? Option.none()
    : Option.some({ host, port: Number(port) })
}

export const format = (address: ListenAddress): string =>
  "path" in address
    ? `unix:${address.path}`
    : `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`
