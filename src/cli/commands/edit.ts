/**
 * `pgq edit`: changes a job that no worker has.
 */
import { Console, Duration, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as ByHandText from "./ByHandText.ts"
import * as JobLines from "./JobLines.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  priority: Flag.Int("priority").pipe(Flag.withDescription("Higher runs first"), Flag.optional),
  runAt: Flag.optional(Flags.moment("run-at")),
  delay: Flag.optional(Flags.duration("delay")),
  now: Flag.Boolean("now").pipe(
    Flag.withDescription("Let the job start at once"),
    Flag.withDefault(false)
  ),
  payload: Flag.String("payload").pipe(
    Flag.withMetavar("JSON"),
    Flag.withDescription("Another payload, which no kind checks"),
    Flag.optional
  ),
  maxAttempts: Flag.Int("max-attempts").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Attempts before the job fails for good"),
    Flag.optional
  ),
  expiresIn: Flags.duration("expires-in").pipe(
    Flag.withDescription("End the job if it has not ended so long from now, or after it may start"),
    Flag.optional
  ),
  json: JobSteps.json
}

type Input = Command.Command.Config.Infer<typeof input>

export const edit = Command.make(
  "edit",
  input,
  Effect.fnUntraced(function*({ id, json, ...given }) {
    // A mistake is reported before a connection is opened.
    const change = yield* changeOf(id, given)
    const answer = yield* JobSteps.onDatabase(
      JobControl.use((control) => control.edit(id, change)),
      given
    )
    yield* Console.log(ByHandText.ofAnswers([answer], { ids: [id], json }))
    if (answer._tag !== "Edited") return yield* new ExitCode.ExitWith({ code: 1 })
  }, ExitCode.bySignal)
).pipe(
  Command.validate((given) => JobSteps.refuse(mistake(given))),
  Command.withDescription("Change a job that no worker has"),
  Command.withExamples([
    { command: "pgq edit 42 --now --priority 10", description: "Let a job start at once" },
    { command: "pgq edit 42 --payload '{\"to\": \"a@b.c\"}'", description: "Change what it does" }
  ])
)

const mistake = ({ delay, expiresIn, maxAttempts, now, payload, priority, runAt }: Input) => {
  const times = [JobSteps.isGiven([runAt]), JobSteps.isGiven([delay]), now].filter(Boolean)
  return times.length > 1
    ? "--run-at, --delay and --now exclude each other"
    : times.length === 0 && !JobSteps.isGiven([maxAttempts, payload, priority, expiresIn])
    ? "give one of --priority, --run-at, --delay, --now, --payload, --max-attempts and --expires-in"
    : undefined
}

const changeOf = Effect.fnUntraced(function*(id: bigint, given: Omit<Input, "id" | "json">) {
  const payload = Option.getOrUndefined(given.payload)
  if (payload !== undefined) yield* JobLines.parseJson("the payload", payload)
  return yield* Effect.fromResult(ByHandInput.ofEdit(id, {
    payload,
    priority: Option.getOrUndefined(given.priority),
    maxAttempts: Option.getOrUndefined(given.maxAttempts),
    runAt: Option.getOrUndefined(given.runAt),
    expiresIn: Option.getOrUndefined(given.expiresIn),
    delay: given.now ? Duration.zero : Option.getOrUndefined(given.delay)
  }))
})
