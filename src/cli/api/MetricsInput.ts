/**
 * The flags of `pgq metrics`.
 */
import { type Command, Flag } from "effect/cli"
import * as Flags from "../Flags.ts"
import * as ApiInput from "./ApiInput.ts"

export const flags = {
  connection: Flags.connection,
  schema: Flags.schema,
  listen: Flag.String("listen").pipe(
    Flag.withMetavar("ADDRESS"),
    Flag.withDescription("host:port, or unix:PATH; else 127.0.0.1:7472"),
    Flag.withDefault("127.0.0.1:7472")
  ),
  host: ApiInput.flags.host
}

export type Input = Command.Command.Config.Infer<typeof flags>
