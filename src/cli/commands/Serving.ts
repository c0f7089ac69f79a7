/**
 * The commands that serve by HTTP. The modules that serve are loaded by these commands alone.
 */
import { Effect, Option, Redacted } from "effect"
import { CliError } from "effect/cli"
import * as ApiInput from "../api/ApiInput.ts"
import * as ExitCode from "../ExitCode.ts"

export const { flags, pageFlags } = ApiInput

export const serve = Effect.fnUntraced(function*(given: ApiInput.Served) {
  const server = yield* Effect.promise(() => import("../api/ApiServer.ts"))
  // In a build, that module has an Effect of its own, which cannot read this one's secrets.
  const connection = Option.getOrUndefined(Option.map(given.connection, Redacted.value))
  return yield* server.run(given, connection)
}, ExitCode.bySignal)

export const validate = (given: ApiInput.Input): Effect.Effect<void, CliError.CliError> => {
  const message = mistake(given)
  return message === undefined
    ? Effect.void
    : Effect.fail(new CliError.ValidationError({ message }))
}

const mistake = ({ auth, trustedProxy, userHeader }: ApiInput.Input): string | undefined => {
  const isProxy = Option.contains(auth, "proxy")
  return isProxy && (Option.isNone(userHeader) || trustedProxy.length === 0)
    ? "--auth proxy needs --user-header and --trusted-proxy"
    : !isProxy && Option.isSome(userHeader)
    ? "--user-header needs --auth proxy"
    : undefined
}
