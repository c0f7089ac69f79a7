/**
 * `pgq metrics`: serves the metrics of a schema. The modules that serve are loaded by this command
 * alone.
 */
import { Effect, Option, Redacted } from "effect"
import { Command } from "effect/cli"
import * as MetricsInput from "../api/MetricsInput.ts"
import * as ExitCode from "../ExitCode.ts"

export const metrics = Command.make(
  "metrics",
  MetricsInput.flags,
  Effect.fnUntraced(function*(given) {
    const server = yield* Effect.promise(() => import("../api/MetricsServer.ts"))
    // In a build, that module has an Effect of its own, which cannot read this one's secrets.
    const connection = Option.getOrUndefined(Option.map(given.connection, Redacted.value))
    return yield* server.run(given, connection)
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Serve metrics of queues, lanes, workers and database to Prometheus"),
  Command.withExamples([
    { command: "pgq metrics", description: "For a Prometheus on this machine" },
    {
      command: "pgq metrics --listen 0.0.0.0:7472 --host metrics.example",
      description: "For others; whoever reaches the address sees the names of queues"
    }
  ])
)
