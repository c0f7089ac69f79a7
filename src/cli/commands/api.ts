/**
 * `pgq api`: serves the HTTP API.
 */
import { Command } from "effect/cli"
import * as Serving from "./Serving.ts"

export const api = Command.make(
  "api",
  Serving.flags,
  (input) => Serving.serve({ ...input, page: false })
).pipe(
  Command.validate((input) => Serving.validate(input)),
  Command.withDescription("Serve the steps of operators by HTTP"),
  Command.withExamples([
    { command: "pgq api", description: "For this machine; a token is printed" },
    {
      command: "pgq api --listen 0.0.0.0:7470 --host pgq.example --auth basic --read-only",
      description: "For others, behind a proxy with TLS"
    }
  ])
)
