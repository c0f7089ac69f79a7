/**
 * `pgq api`: serves the HTTP API. The modules that serve it are loaded by this command alone.
 */
import { Effect, Option, Redacted } from "effect"
import { CliError, Command } from "effect/cli"
import * as ApiInput from "../api/ApiInput.ts"
import * as ExitCode from "../ExitCode.ts"

export const api = Command.make(
  "api",
  ApiInput.flags,
  Effect.fnUntraced(function*(given) {
    const server = yield* Effect.promise(() => import("../api/ApiServer.ts"))
    // In a build, that module has an Effect of its own, which cannot read the secrets of this one.
    return yield* server.run(
      given,
      Option.getOrUndefined(Option.map(given.connection, Redacted.value))
    )
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ auth, trustedProxy, userHeader }) => {
    const isProxy = Option.contains(auth, "proxy")
    const message = isProxy && (Option.isNone(userHeader) || trustedProxy.length === 0)
      ? "--auth proxy needs --user-header and --trusted-proxy"
      : !isProxy && Option.isSome(userHeader)
      ? "--user-header needs --auth proxy"
      : undefined
    return message === undefined
      ? Effect.void
      : Effect.fail(new CliError.ValidationError({ message }))
  }),
  Command.withDescription("Serve the steps of operators by HTTP"),
  Command.withExamples([
    { command: "pgq api", description: "For this machine; a token is printed" },
    {
      command: "pgq api --listen 0.0.0.0:7470 --host pgq.example --auth basic --read-only",
      description: "For others, behind a proxy with TLS"
    }
  ])
)
