/**
 * The command tree.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { CliConfig, Command, GlobalFlag } from "effect/cli"
import { createRequire } from "node:module"
import * as Arguments from "./Arguments.ts"
import { api } from "./commands/api.ts"
import { await_ } from "./commands/await.ts"
import { cancel } from "./commands/cancel.ts"
import { check } from "./commands/check.ts"
import { dashboard } from "./commands/dashboard.ts"
import { discard } from "./commands/discard.ts"
import { edit } from "./commands/edit.ts"
import { enqueue } from "./commands/enqueue.ts"
import { failed } from "./commands/failed.ts"
import { jobs } from "./commands/jobs.ts"
import { lane } from "./commands/lane.ts"
import { logs } from "./commands/logs.ts"
import { metrics } from "./commands/metrics.ts"
import { migrate } from "./commands/migrate.ts"
import { objective } from "./commands/objective.ts"
import { objectives } from "./commands/objectives.ts"
import { operation } from "./commands/operation.ts"
import { operations } from "./commands/operations.ts"
import { pause } from "./commands/pause.ts"
import { pauses } from "./commands/pauses.ts"
import { plan } from "./commands/plan.ts"
import { resume } from "./commands/resume.ts"
import { retry } from "./commands/retry.ts"
import { runs } from "./commands/runs.ts"
import { schema } from "./commands/schema.ts"
import { show } from "./commands/show.ts"
import { start } from "./commands/start.ts"
import { status } from "./commands/status.ts"
import { stop } from "./commands/stop.ts"
import { top } from "./commands/top.ts"
import { undo } from "./commands/undo.ts"
import { why } from "./commands/why.ts"
import { workers } from "./commands/workers.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Log from "./Log.ts"
import * as Usage from "./Usage.ts"

const { version }: { readonly version: string } = createRequire(import.meta.url)(
  "pgq/package.json"
)

const pgq = Command.make("pgq").pipe(
  Command.withDescription("A job queue in PostgreSQL"),
  Command.withSubcommands([
    { group: "Work", commands: [start, status, top, stop, workers] },
    {
      group: "Jobs",
      commands: [
        enqueue,
        jobs,
        show,
        why,
        lane,
        cancel,
        edit,
        retry,
        discard,
        failed,
        runs,
        logs,
        await_
      ]
    },
    { group: "Operations", commands: [plan, operations, operation, undo] },
    { group: "Queues", commands: [pause, resume, pauses, objective, objectives] },
    { group: "Database", commands: [schema, migrate, check] },
    { group: "Servers", commands: [dashboard, api, metrics] }
  ])
)

const { Completions, Help, LogLevel, Version } = GlobalFlag

export const main = (): void => {
  ExitCode.outliveReaders()
  const issue = Arguments.issue()
  if (issue !== undefined) return ExitCode.misused(issue)
  Command.run(pgq, { version }).pipe(
    Effect.provide(Layer.mergeAll(
      NodeServices.layer,
      Log.layer,
      Usage.layer,
      CliConfig.layer({ builtIns: [Help, Version, Completions, LogLevel] })
    )),
    ExitCode.runMain({ disableErrorReporting: true, teardown: ExitCode.teardown })
  )
}
