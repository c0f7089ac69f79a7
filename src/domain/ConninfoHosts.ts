/**
 * The servers of a connection string, in the order in which they are tried.
 */
import { Result } from "effect"
import { type Parameters, shown } from "./ConninfoParameters.ts"

export interface Host {
  /** A name or address, or a socket directory when it begins with `/` or `@`. */
  readonly host: string
  /** The address to connect to when `host` is only the name to verify. */
  readonly hostaddr: string | undefined
  readonly port: number
}

/** One or more, from the lists of names, addresses and ports. */
export const hosts = (
  given: Parameters,
  defaultHost: (port: number) => string
): Result.Result<ReadonlyArray<Host>, string> => {
  const names = list(given.host)
  const addresses = list(given.hostaddr)
  const ports = list(given.port)
  // A wrong character in a URL can make a part of the password look like a host.
  if ([...names, ...addresses].some((host) => /^[^/].*@/.test(host))) {
    return Result.fail("a host has no @ in it; in a URL, write the @ of a password as %40")
  }
  const count = given.hostaddr ? addresses.length : names.length
  if (given.host && names.length !== count) {
    return Result.fail(`${names.length} hosts do not go with ${addresses.length} of hostaddr`)
  }
  if (ports.length !== 1 && ports.length !== count) {
    return Result.fail(`${ports.length} ports do not go with ${count} hosts`)
  }
  return Result.all(
    Array.from(
      { length: count },
      (_, at) =>
        Result.map(portOf(ports[ports.length === 1 ? 0 : at]), (port): Host => ({
          host: names[at] || addresses[at] || defaultHost(port),
          hostaddr: addresses[at] || undefined,
          port
        }))
    )
  )
}

/** The socket's path, where the host is a socket directory. */
export const socketPath = ({ host, hostaddr, port }: Host): string | undefined => {
  if (hostaddr !== undefined || !/^[/@]/.test(host)) return undefined
  const path = `${host}/.s.PGSQL.${port}`
  // A socket in Linux's abstract namespace is written with @, and its path begins with NUL.
  return path.startsWith("@") ? `\0${path.slice(1)}` : path
}

const list = (text: string | undefined): ReadonlyArray<string> => (text ?? "").split(",")

const portOf = (text: string | undefined): Result.Result<number, string> => {
  const port = Number(text || 5432)
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? Result.succeed(port)
    : Result.fail(`port${shown(text)} is not a number from 1 to 65535`)
}
