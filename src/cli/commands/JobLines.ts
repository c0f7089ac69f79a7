/**
 * Jobs as text: the lines of a file that `pgq enqueue --from` reads, and the JSON of a payload.
 *
 * A payload goes to the database as it was written, because JavaScript would round large numbers.
 */
import { Effect, FileSystem, type Option, Schema, Stdio, Stream } from "effect"
import { isUtf8 } from "node:buffer"
import { JobInvalid, SettingInvalid } from "../../domain/Errors.ts"
import { type EnqueueOptions, newJob } from "../../domain/JobRecord.ts"
import * as JsonText from "../../domain/JsonText.ts"
import type { OfferedJob } from "../../domain/Unique.ts"
import * as UniqueRule from "../../domain/UniqueRule.ts"
import * as Flags from "../Flags.ts"

/** A job and, if it was read from a file, its line. */
export interface JobLine {
  readonly job: OfferedJob
  readonly where: string | undefined
}

/** One line of `--from`. */
const Line = Schema.Struct({
  name: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown),
  key: Schema.optionalKey(Schema.String),
  priority: Schema.optionalKey(Schema.Finite),
  queue: Schema.optionalKey(Schema.String),
  runAt: Schema.optionalKey(Schema.String),
  delay: Schema.optionalKey(Schema.String),
  expiresAt: Schema.optionalKey(Schema.String),
  expiresIn: Schema.optionalKey(Schema.String),
  uniqueKey: Schema.optionalKey(Schema.String),
  mode: Schema.optionalKey(Schema.Literals(["keep", "replace", "reject"]))
})

/** The jobs of a file, one a line; `-` is standard input. A mistake names its line. */
export const read = Effect.fnUntraced(function*(path: string) {
  const bytes = yield* Effect.mapError(
    bytesOf(path),
    (error) => new SettingInvalid({ setting: "--from", issue: error.message })
  )
  const jobs: Array<JobLine> = []
  for (const [index, line] of linesOf(bytes).entries()) {
    const where = `${path}:${index + 1}`
    const job = yield* Effect.mapError(
      ofBytes(line),
      ({ issue }) => new JobInvalid({ issue: `${where}: ${issue}` })
    )
    if (job !== undefined) jobs.push({ job, where })
  }
  return jobs
})

const bytesOf = Effect.fnUntraced(function*(path: string) {
  const stdio = yield* Stdio.Stdio
  const files = yield* FileSystem.FileSystem
  return path === "-"
    ? Buffer.concat(yield* Stream.runCollect(stdio.stdin))
    : Buffer.from(yield* files.readFile(path))
})

/** No other UTF-8 character contains the byte that ends a line. */
const linesOf = (bytes: Buffer): ReadonlyArray<Buffer> => {
  const lines: Array<Buffer> = []
  let start = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark)
    ? byteOrderMark.length
    : 0
  while (start < bytes.length) {
    const end = bytes.indexOf("\n", start)
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end))
    start = end < 0 ? bytes.length : end + 1
  }
  return lines
}

const byteOrderMark = Buffer.from("\uFEFF")

/** `undefined` for an empty line. */
const ofBytes = (line: Buffer): Effect.Effect<OfferedJob | undefined, JobInvalid> => {
  if (!isUtf8(line)) return Effect.fail(new JobInvalid({ issue: "the line is not UTF-8" }))
  const text = line.toString("utf8")
  return /^[ \t\r]*$/.test(text) ? Effect.as(Effect.void, undefined) : ofLine(text)
}

const ofLine = Effect.fnUntraced(function*(line: string) {
  const json = yield* parseJson("the line", line)
  const { delay, expiresAt, expiresIn, mode, name, payload: _, runAt, uniqueKey, ...options } =
    yield* Effect.mapError(
      Schema.decodeUnknownEffect(Line)(json, { onExcessProperty: "error" }),
      ({ message }) => new JobInvalid({ issue: message })
    )
  const values = new Map<string, string>()
  for (const member of JsonText.members(line)) {
    if (values.has(member.name)) {
      return yield* new JobInvalid({ issue: `"${member.name}" stands twice in the line` })
    }
    values.set(member.name, member.value)
  }
  if (mode !== undefined && uniqueKey === undefined) {
    return yield* new JobInvalid({ issue: "mode goes with uniqueKey" })
  }
  const job = yield* Effect.fromResult(newJob(name, values.get("payload") ?? "{}", {
    ...options,
    runAt: yield* orRefuse("runAt", runAt, Flags.parseMoment),
    delay: yield* orRefuse("delay", delay, Flags.parseDuration),
    expiresAt: yield* orRefuse("expiresAt", expiresAt, Flags.parseMoment),
    expiresIn: yield* orRefuse("expiresIn", expiresIn, Flags.parseDuration)
  }))
  return yield* withKey(job, uniqueKey, { unique: { mode } })
})

/** The job with its unique key, if it has one. */
const withKey = (
  job: OfferedJob,
  key: string | undefined,
  options: UniqueRule.Options
): Effect.Effect<OfferedJob, JobInvalid> =>
  key === undefined
    ? Effect.succeed(job)
    : Effect.map(
      Effect.fromResult(UniqueRule.wishOf(UniqueRule.make(options) ?? UniqueRule.keep, {}, key)),
      (unique) => ({ ...job, unique })
    )

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

/** One job, with its payload as it was typed. */
export const one = (
  name: string,
  payload: string,
  { uniqueKey, ...options }: Omit<EnqueueOptions, "uniqueKey"> & {
    readonly uniqueKey: string | undefined
  },
  uniqueness: UniqueRule.Options
): Effect.Effect<JobLine, JobInvalid> =>
  parseJson("the payload", payload).pipe(
    Effect.andThen(Effect.fromResult(newJob(name, payload, options))),
    Effect.flatMap((job) => withKey(job, uniqueKey, uniqueness)),
    Effect.map((job) => ({ job, where: undefined }))
  )

export const parseJson = (what: string, text: string): Effect.Effect<unknown, JobInvalid> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      new JobInvalid({
        issue: `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`
      })
  })
