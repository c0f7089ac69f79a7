/**
 * The help texts of the command line, and its answers to a mistake.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pgq from "./Pgq.ts"

const commands =
  ("schema migrate check start status stop workers enqueue cancel edit retry discard failed runs " +
    "logs await api").split(" ")

const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, issue: string]> = [
  [["nonsense"], "Unknown subcommand \"nonsense\""],
  [["migrate", "--nope"], "Unrecognized flag: --nope"],
  [["migrate", "extra"], "Unexpected positional argument: \"extra\""],
  [["check", "postgres://u:p@ss@h/d"], "Unexpected positional argument: \"postgres://…@h/d\""],
  [["check", "user=u password='p ss' host=h"], "\"user=u password=… host=h\""],
  [["check", "--probe", "live"], "--probe needs -p or --probes, and not both"],
  [["check", "--probe", "live", "-p", "x", "--schema", "y"], "goes with neither -c nor --schema"],
  [["check", "-p", "x"], "-p and --probes need --probe"],
  [["dashboard", "--frame-ancestors", "https://a.example;x"], "is not an origin such as"],
  [["start"], "Missing required flag: --file"],
  [["start", "-f", "x.ts", "-w", "0"], "0 is not a number from 1 to 10000"],
  [["start", "-f", "x.ts", "-w", "many"], "Invalid value for flag --workers: \"many\""],
  [["start", "-f", "x.ts", "-q", "-1"], "-1 is not a number"],
  [["start", "-f", "x.ts", "--cooperative", "advisory"], "needs --advisory-key"],
  [["start", "-f", "x.ts", "--advisory-key", "4"], "needs --cooperative advisory"],
  [["start", "-f", "x.ts", "--cooperative", "advisory", "--advisory-key", "1,2,3"], "\"1,2,3\""],
  [["start", "-f", "x.ts", "--cooperative", "none"], "--cooperative"],
  [["start", "-f", "x.ts", "--grace", "soon"], "\"soon\" is not a time such as 500ms, 10s"],
  [["start", "-f", "x.ts", "--hang-limit", "soon"], "\"soon\" is neither a time such as 500ms"],
  [["stop"], "Missing required flag: --pid-file"],
  [["stop", "--server", "-p", "x"], "--server goes with neither a mode nor -p nor --wait"],
  [["stop", "--server", "now"], "--server goes with neither a mode nor -p nor --wait"],
  [["stop", "-p", "x", "hard"], "\"hard\" is not one of drain, current, finish"],
  [["stop", "-p", "x", "constructor"], "\"constructor\" is not one of"],
  [["status", "-p", "x", "-c", "dbname=x"], "goes with neither -c"],
  [["enqueue"], "Missing required argument: name"],
  [["enqueue", "a", "--timeout", "5s"], "--timeout goes with --await"],
  [["enqueue", "--from", "-", "--await"], "--await waits for one job, and --from adds many"],
  [["enqueue", "--like", "x"], "\"x\" is not the id of a job"],
  [["enqueue", "--like", "7", "--from", "x"], "--from takes everything from its lines"],
  [["retry", "--as", "new", "--name", "a"], "--as goes with ids"],
  [["enqueue", "a", "--priority", "high"], "Invalid value for flag --priority"],
  [["enqueue", "a", "--run-at", "tomorrow"], "\"tomorrow\" is not a time with a zone"],
  [["enqueue", "a", "--run-at", "2030-01-01T00:00:00"], "is not a time with a zone"],
  [["enqueue", "a", "--run-at", "2030-02-30T00:00:00Z"], "is not a time with a zone"],
  [["enqueue", "a", "--delay", "-5s"], "delay"],
  [["enqueue", "a", "--delay", "5"], "\"5\" is not a time such as"],
  [["enqueue", "a", "--delay", "36501d"], "of at most 36500d"],
  [["start", "-f", "x.ts", "--grace", "999999999d"], "of at most 36500d"],
  [["stop", "-p", "x", "--wait", "36501d"], "of at most 36500d"],
  [["enqueue", "a", "--delay", "5s", "--run-at", "2030-01-01T00:00:00Z"], "exclude each other"],
  [["enqueue", "a", "--from", "x"], "--from takes everything from its lines"],
  [["enqueue", "a", "--mode", "replace"], "go with --unique"],
  [["enqueue", "a", "--unique", "u", "--mode", "drop"], "--mode"],
  [["enqueue", "a", "--unique", "u", "--debounce", "5s"], "--debounce and --max-wait go together"],
  [
    ["enqueue", "a", "--unique", "u", "--debounce", "5s", "--max-wait", "1m", "--within", "1h"],
    "--debounce goes with neither --mode and --within"
  ],
  [["enqueue", "a", "--unique", "u", "--from", "x"], "--from takes everything from its lines"],
  [["cancel"], "Missing required argument: id, or one of --queue, --name and --key"],
  [["cancel", "--yes", "--limit", "5"], "Missing required argument: id, or one of --queue"],
  [["cancel", "42", "x7"], "\"x7\" is not the id of a job"],
  [["cancel", "4.2"], "\"4.2\" is not the id of a job"],
  [["cancel", "42", "--queue", "mail"], "ids go with neither --queue"],
  [["cancel", "42", "--yes"], "ids go with neither --queue"],
  [["cancel", "42", "--wait", "soon"], "\"soon\" is not a time such as"],
  [["cancel", "--queue", "mail", "--wait", "30s"], "--wait goes with ids alone"],
  [["cancel", "--queue", "mail", "--state", "ready"], "--state"],
  [["cancel", "--queue", "mail", "--limit", "0"], "0 is not a number of 1 or more"],
  [["retry"], "Missing required argument: id, or one of --queue, --name, --since"],
  [["retry", "x7"], "\"x7\" is not the id of a job"],
  [["retry", "42", "--since", "1d"], "ids go with neither --queue"],
  [["retry", "42", "--yes"], "ids go with neither --queue"],
  [["retry", "--since", "soon"], "\"soon\" is not a time such as"],
  [["retry", "--outcome", "completed"], "--outcome"],
  [["discard"], "Missing required argument: id"],
  [["discard", "4.2"], "\"4.2\" is not the id of a job"],
  [["enqueue", "a", "--expires-in", "soon"], "\"soon\" is not a time such as"],
  [["enqueue", "--from", "-", "--expires-in", "1s"], "--from takes everything from its lines"],
  [["edit"], "Missing required argument: id"],
  [["edit", "42"], "give one of --priority"],
  [["edit", "42", "--now", "--delay", "1s"], "--run-at, --delay and --now exclude each other"],
  [["edit", "42", "--priority", "high"], "Invalid value for flag --priority"],
  [["failed", "--limit", "0"], "0 is not a number from 1 to 10000"]
]

describe("pgq", () => {
  it.live("prints its version as data", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Pgq.run(["--version"])

      assert.match(stdout, /^pgq \d+\.\d+\.\d+\n$/)
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
    }))

  it.live("prints help that names every command", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Pgq.run(["--help"])

      for (const command of commands) assert.match(stdout, new RegExp(`^  ${command} +\\w`, "m"))
      assert.notInclude(stdout, "wizard")
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
    }))

  it.live.each(commands)("prints help for %s", (command) =>
    Effect.gen(function*() {
      const { code, stdout } = yield* Pgq.run([command, "--help"])

      assert.include(stdout, `pgq ${command}`)
      assert.strictEqual(code, 0)
    }))

  it.live.each(mistakes)(
    "answers %j with one line and exit code 2",
    ([args, issue]) =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* Pgq.run(args)

        assert.include(stderr, issue)
        assert.match(stderr, /^pgq: [^\n]+\n$/)
        assert.strictEqual(stdout, "")
        assert.strictEqual(code, 2)
      })
  )

  it.live("prints DDL without any database", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Pgq.run(["schema", "--schema", "my_jobs"])

      assert.match(stdout, /^BEGIN;/)
      assert.include(stdout, "CREATE TABLE jobs")
      assert.include(stdout, "CREATE SCHEMA \"my_jobs\"")
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
    }))

  it.live("ends without a word when nobody reads what it prints", () =>
    Effect.gen(function*() {
      const { stderr } = yield* Pgq.run(["schema"], {
        through: ["sh", "-c", "\"$@\" | :", "sh"]
      })

      assert.strictEqual(stderr, "")
    }))
})
