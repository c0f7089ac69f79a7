/**
 * The flags of `pgq api` and `pgq dashboard`.
 */
import { Option } from "effect"
import { type Command, Flag } from "effect/cli"
import * as WebOrigin from "../../domain/WebOrigin.ts"
import * as Flags from "../Flags.ts"

export const flags = {
  connection: Flags.connection,
  schema: Flags.schema,
  listen: Flag.String("listen").pipe(
    Flag.withMetavar("ADDRESS"),
    Flag.withDescription("host:port, or unix:PATH; else 127.0.0.1:7470"),
    Flag.withDefault("127.0.0.1:7470")
  ),
  auth: Flag.Literals("auth", ["token", "basic", "bearer", "proxy", "none"]).pipe(
    Flag.withDescription("How clients show who they are; else a token that this start prints"),
    Flag.optional
  ),
  host: Flag.String("host").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("A name by which clients call this server, may be repeated"),
    Flag.atLeast(0)
  ),
  userHeader: Flag.String("user-header").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("The header in which a trusted proxy names the user; with --auth proxy"),
    Flag.optional
  ),
  trustedProxy: Flag.String("trusted-proxy").pipe(
    Flag.withMetavar("CIDR"),
    Flag.withDescription("The network of a proxy that is believed, may be repeated"),
    Flag.atLeast(0)
  ),
  readOnly: Flag.Boolean("read-only").pipe(
    Flag.withDescription("Change nothing: the database's sessions read only, too"),
    Flag.withDefault(false)
  ),
  hidePayloads: Flag.Boolean("hide-payloads").pipe(
    Flag.withDescription("Show no payloads and no logs of jobs"),
    Flag.withDefault(false)
  )
}

/** The flags of `pgq dashboard`. */
export const pageFlags = {
  ...flags,
  frameAncestors: Flag.String("frame-ancestors").pipe(
    Flag.withMetavar("ORIGIN"),
    Flag.withDescription("A site whose pages may show this one in a frame, may be repeated"),
    Flag.filterMap(
      (text) => WebOrigin.is(text) ? Option.some(text) : Option.none(),
      (text) => `"${text}" is not an origin such as https://portal.example`
    ),
    Flag.atLeast(0)
  )
}

export type Input = Command.Command.Config.Infer<typeof flags>

export interface Served extends Input {
  /** Serves the dashboard too. */
  readonly page: boolean
  readonly frameAncestors?: ReadonlyArray<WebOrigin.WebOrigin> | undefined
}
