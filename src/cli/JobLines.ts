/**
 * Jobs as text: the lines of a file that `pgq enqueue --from` reads, and the JSON of a payload.
 */
import { Effect, FileSystem, type Option, Result, Schema, Stdio, Stream } from "effect"
import { JobInvalid, SettingInvalid } from "../domain/Errors.ts"
import { type EnqueueOptions, newJob } from "../domain/Job.ts"
import * as PayloadText from "../domain/PayloadText.ts"
import * as Flags from "./Flags.ts"

/** One line of `--from`. */
const Line = Schema.Struct({
  name: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown),
  key: Schema.optionalKey(Schema.String),
  priority: Schema.optionalKey(Schema.Finite),
  queue: Schema.optionalKey(Schema.String),
  runAt: Schema.optionalKey(Schema.String),
  delay: Schema.optionalKey(Schema.String)
})

/** The jobs of a file, one a line; `-` is standard input. A mistake names its line. */
export const read = Effect.fnUntraced(function*(path: string) {
  const text = yield* Effect.mapError(
    textOf(path),
    (error) => new SettingInvalid({ setting: "--from", issue: error.message })
  )
  const lines = text.split("\n").map((line, index) => ({ line, where: `${path}:${index + 1}` }))
  return yield* Effect.forEach(
    lines.filter(({ line }) => line.trim() !== ""),
    ({ line, where }) =>
      Effect.mapError(ofLine(line), ({ issue }) => new JobInvalid({ issue: `${where}: ${issue}` }))
  )
})

const textOf = Effect.fnUntraced(function*(path: string) {
  const stdio = yield* Stdio.Stdio
  const files = yield* FileSystem.FileSystem
  return yield* path === "-"
    ? Stream.mkString(Stream.decodeText(stdio.stdin))
    : files.readFileString(path)
})

const ofLine = Effect.fnUntraced(function*(line: string) {
  const json = yield* parseJson("the line", line)
  const { delay, name, payload, runAt, ...options } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Line)(json, { onExcessProperty: "error" }),
    ({ message }) => new JobInvalid({ issue: message })
  )
  return yield* toJob(name, payload ?? {}, {
    ...options,
    runAt: yield* orRefuse("runAt", runAt, Flags.parseMoment),
    delay: yield* orRefuse("delay", delay, Flags.parseDuration)
  })
})

const orRefuse = <A>(
  what: string,
  text: string | undefined,
  parse: (text: string) => Option.Option<A>
): Effect.Effect<A | undefined, JobInvalid> =>
  text === undefined
    ? Effect.as(Effect.void, undefined)
    : Effect.mapError(
      Effect.fromOption(parse(text)),
      () => new JobInvalid({ issue: `${what} "${text}" cannot be read` })
    )

export const parseJson = (what: string, text: string): Effect.Effect<unknown, JobInvalid> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      new JobInvalid({
        issue: `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`
      })
  })

export const toJob = (name: string, payload: unknown, options: EnqueueOptions) =>
  // Written again, so that what is stored is what was checked.
  Effect.fromResult(
    PayloadText.make(payload).pipe(
      Result.mapError((issue) => new JobInvalid({ issue: `the payload cannot be used: ${issue}` })),
      Result.flatMap((json) => newJob(name, json, options))
    )
  )
