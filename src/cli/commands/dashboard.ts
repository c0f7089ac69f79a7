/**
 * `pgq dashboard`: serves the page that shows what is wrong, and the HTTP API that it uses.
 */
import { Command } from "effect/cli"
import * as Serving from "./Serving.ts"

export const dashboard = Command.make(
  "dashboard",
  Serving.pageFlags,
  (input) => Serving.serve({ ...input, page: true })
).pipe(
  Command.validate((input) => Serving.validate(input)),
  Command.withDescription("Show what is wrong, and the queues, lanes and workers, in a browser"),
  Command.withExamples([
    { command: "pgq dashboard", description: "For this machine; open the printed address" },
    {
      command: "pgq dashboard --listen 0.0.0.0:7470 --host pgq.example --auth basic --read-only",
      description: "For others, behind a proxy with TLS"
    }
  ])
)
