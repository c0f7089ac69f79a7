/**
 * Job scripts: a module that exports `setupJobs(queue, arg)`, or a Layer of handlers as its
 * default.
 */
import { type Cause, Effect, Layer, Predicate } from "effect"
import { spawnSync } from "node:child_process"
import { accessSync, constants, statSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { ScriptInvalid } from "../../domain/ProcessErrors.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as Handler from "../../layers/job/Handler.ts"
import * as JobScript from "../../layers/job/JobScript.ts"
import * as ErrorLine from "../ErrorLine.ts"
import * as scriptHook from "./scriptHook.ts"

/** Loads the script, calls its set-up, and answers its handlers. They live as long as the scope. */
export const load = Effect.fn("script.load")(function*(path: string, arg: string) {
  const exports = yield* importModule(path)
  const setupJobs = property(exports, "setupJobs")
  const layer = property(exports, "default")
  if (!Predicate.isFunction(setupJobs) && !isHandlers(layer)) {
    return yield* invalid(
      path,
      "exports neither a function setupJobs(queue, arg) nor a Layer of handlers as its default"
    )
  }
  const named = Predicate.isFunction(setupJobs)
    ? yield* runSetup(path, (queue) => setupJobs(queue, arg))
    : []
  const layered = isHandlers(layer) ? yield* build(path, layer) : []
  const handlers = [...named, ...layered]

  const names = handlers.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) {
    return yield* invalid(path, `two handlers for "${twice}"; a name can have only one`)
  }
  if (handlers.length === 0) {
    yield* EventLog.warning(
      "script.empty",
      `job script ${path} registers no handler; every job will wait for another worker`
    )
  }
  return Handler.byName(handlers)
})

/** Refuses a path that cannot be loaded, without loading it. */
export const check = Effect.fnUntraced(function*(path: string) {
  if (!/\.m?[jt]s$/.test(path)) return yield* invalid(path, "must end in .ts, .mts, .js or .mjs")
  yield* Effect.try({
    try: () => accessSync(path, constants.R_OK),
    catch: (error) => invalid(path, `cannot be read: ${ErrorLine.of(error)}`)
  })
  if (!statSync(path).isFile()) return yield* invalid(path, "is no file")
})

const importModule = Effect.fnUntraced(function*(path: string) {
  yield* check(path)
  yield* readTypeScript
  return yield* Effect.tryPromise({
    try: () => importUrl(pathToFileURL(resolve(path)).href),
    catch: (error) =>
      invalid(path, `cannot be loaded: ${ErrorLine.withPlace(error)}${syntaxPlace(path, error)}`)
  })
})

const importUrl: (url: string) => Promise<unknown> = (url) => import(url)

/** Node's error hides the place of a syntax error in JavaScript; `node --check` prints it. */
const syntaxPlace = (path: string, error: unknown): string => {
  if (!(error instanceof SyntaxError) || error.message.includes(path)) return ""
  if (/\.m?ts$/.test(path)) return ""
  const { stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" })
  const place = /^(\/.*:\d+)\n/.exec(stderr)?.[1]
  return place === undefined ? "" : ` (${place})`
}

/** Newer versions of Node read TypeScript by themselves, but not all of its syntax. */
const readTypeScript = Effect.sync(scriptHook.install)
const runSetup = Effect.fnUntraced(function*(
  path: string,
  setupJobs: (queue: JobScript.JobQueue) => unknown
) {
  const { issues, layer, queue } = yield* JobScript.setup
  yield* settled(() => setupJobs(queue)).pipe(
    Effect.catchCause((cause) => Effect.fail(threw(path, "setupJobs", cause)))
  )
  const [issue] = yield* issues
  if (issue !== undefined) return yield* invalid(path, issue)
  return yield* Handler.collect(yield* layer)
})

const build = Effect.fnUntraced(function*(
  path: string,
  layer: Layer.Layer<never, unknown, JobScript.Services>
) {
  return yield* Effect.catchCause(
    Handler.collect(layer),
    (cause) => Effect.fail(threw(path, "the default Layer", cause))
  )
})

/** Waits for the value that a script returns: an Effect, a promise, or a plain value. */
const settled = (run: () => unknown): Effect.Effect<unknown, unknown, JobScript.Services> =>
  Effect.suspend(() => {
    const returned = run()
    return isEffect(returned)
      ? returned
      : Effect.tryPromise({ try: () => Promise.resolve(returned), catch: (error) => error })
  })

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown, JobScript.Services> =>
  Effect.isEffect(value)

const isHandlers = (value: unknown): value is Layer.Layer<never, unknown, JobScript.Services> =>
  Layer.isLayer(value)

const property = (exports: unknown, name: string): unknown =>
  Predicate.hasProperty(exports, name) ? exports[name] : undefined

const threw = (path: string, what: string, cause: Cause.Cause<unknown>) =>
  invalid(path, `${what} failed: ${ErrorLine.ofCause(cause)}`)

const invalid = (path: string, issue: string) => new ScriptInvalid({ path, issue })
