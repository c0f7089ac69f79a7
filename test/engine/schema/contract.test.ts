/**
 * The facts that SQL and TypeScript share. `sql/CONTRACT.md` lists them, each with the name of its
 * test here.
 *
 * Tests `sql/CONTRACT.md`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as JobRecord from "../../../src/domain/JobRecord.ts"
import * as LaneJob from "../../../src/domain/LaneJob.ts"
import * as Lanes from "../../../src/domain/Lanes.ts"
import * as Lease from "../../../src/domain/Lease.ts"
import { traceparentBytes } from "../../../src/domain/Traceparent.ts"
import { bounds } from "../../../src/layers/effects/Deadline.ts"
import { Floors } from "../../../src/layers/postgres/Floors.ts"
import { contents } from "../../../src/layers/postgres/PgMigrations.ts"
import * as PgRoles from "../../../src/layers/postgres/PgRoles.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import {
  constant,
  contract,
  functionOf,
  numbersIn,
  places,
  sources,
  sql,
  typescript
} from "./Contract.ts"
import { factsOfControl } from "./FactsOfControl.ts"
import { factsOfResults } from "./FactsOfResults.ts"

const seconds = (duration: Duration.Duration) => Duration.toSeconds(duration)

const bytes = (column: string) =>
  numbersIn(sql, new RegExp(`octet_length\\(${column}\\) BETWEEN 1 AND (\\d+)`), 1)[0]

const facts: Readonly<Record<string, () => void>> = {
  "Unknown worker": () => {
    const [code] = places(functionOf("claim"), /ERRCODE = '(PG\w+)'/, 1)[0]!
    assert.strictEqual(constant("unknownWorker"), `"${code}"`)
    assert.deepStrictEqual(places(typescript, /code: "(PG\w+)"/, 1), [[code]])
  },

  "Foreign schema": () => {
    assert.strictEqual(constant("foreignCode"), "\"PGQ02\"")
    assert.notInclude(sql, "PGQ02")
  },

  "Wake-ups": () => {
    const [suffix] = places(functionOf("notify_wake"), /current_schema\(\) \|\| '(.+)', message/, 1)
    assert.include(typescript, `\`\${schema}${suffix![0]!}\``)
    const messages = new Set(
      Array.from(sql.matchAll(/PERFORM notify_wake\('(.+?)'/g), ([, text]) => text)
    )
    assert.sameMembers(Array.from(messages), ["jobs:", "pause:", "cancel:", "due"])
    const { text } = sources.find(({ file }) => file.endsWith("PgNotifier.ts"))!
    assert.include(text, "message.startsWith(\"jobs:\")")
    assert.include(text, "message.startsWith(\"cancel:\")")
    assert.include(text, "message.startsWith(\"pause:\")")
    assert.include(text, "message === \"due\"")
  },

  "Soon": () => {
    const soon = [
      ...numbersIn(functionOf("announce"), /interval '(\d+) seconds'/, 2),
      ...numbersIn(functionOf("mark_changed"), /interval '(\d+) seconds'/, 2),
      ...numbersIn(functionOf("put_back"), /\.delay < (\d+)\)/, 1)
    ]
    const [longestWait] = numbersIn(constant("longestWait"), /^Duration\.seconds\((\d+)\)$/, 1)
    assert.deepStrictEqual(soon, [10, 10, 10, 10, 10])
    assert.strictEqual(2 * longestWait!, 10)
  },

  "Receipts": () => {
    const [minutes] = numbersIn(functionOf("forget"), /interval '(\d+) minutes'/, 1)
    const { text } = sources.find(({ file }) => file.endsWith("PgEnqueue.ts"))!
    const [tries] = numbersIn(text, /duration: "(\d+) seconds"/, 1)
    assert.isAbove(minutes! * 60, 2 * (tries! + seconds(bounds.statement)))
  },

  "Lock timeouts": () => {
    const timeouts = Array.from(
      sql.matchAll(/'?lock_timeout(?:=|', ')(\d+)(ms|s)'/g),
      ([, digits, unit]) => Number(digits) * (unit === "s" ? 1 : 0.001)
    )
    assert.isAtLeast(timeouts.length, 6)
    for (const timeout of timeouts) assert.isAtMost(timeout, seconds(bounds.statement) / 4)
    assert.strictEqual(constant("lockTimeout"), "\"55P03\"")
    assert.match(typescript, /57P\|55P03\|/)
  },

  "Heartbeat": () => {
    const text = functionOf("note_late")
    const [left] = numbersIn(text, /lease_until - lease \* ([\d.]+) <= clock/, 1)
    const [more] = numbersIn(text, /late_since \+ lease \* ([\d.]+) <= clock/, 1)
    const [beyond] = new Set(numbersIn(text, /lease_until > clock \+ lease \* ([\d.]+)/, 2))
    const late = 1 - left!
    const renews = Lease.renewEvery(1)
    const trusts = Lease.trustedFor(1)
    assert.deepStrictEqual([renews, trusts, left, more, beyond], [1 / 3, 0.8, 0.6, 0.5, 1.1])
    // A worker that renews in time is never late.
    assert.isBelow(renews, late)
    // A late worker can still renew before it is dead.
    assert.isAbove(more!, renews)
    // A worker ends its trust before the store takes it for dead.
    assert.isBelow(trusts, 1)
    // Unless the clock was set back, a worker has at most one lease left.
    assert.isAbove(beyond!, 1)
    // Each renewal clears `late_since`, and so does joining.
    const renewals = Array.from(typescript.matchAll(/SET lease_until = .*/g), ([text]) => text)
    assert.isAtLeast(renewals.length, 2)
    for (const renewal of renewals) assert.include(renewal, "late_since = NULL")
  },

  "Outcomes": () => {
    const names = ["blocked", "cancelled", "failed", "released", "retried", "snoozed", "unhandled"]
    const { text } = sources.find(({ file }) => file.endsWith("PgSettle.ts"))!
    const sent = new Set(Array.from(text.matchAll(/"(\w+)"/g), ([, word]) => word!))
    assert.includeMembers(Array.from(sent), names)
    const comment = places(sql, /(`outcome` is 'failed'[\s\S]*?)`delay` is in/, 1)[0]![0]!
    const told = Array.from(comment.matchAll(/'(\w+)'/g), ([, word]) => word!)
    assert.sameMembers(told, names)
    const used = Array.from(
      (functionOf("put_back") + functionOf("take_others")).matchAll(
        /outcome'? (?:=|<>|(?:NOT )?IN) \(?((?:'\w+'(?:, )?)+)/g
      ),
      ([, list]) => list!.split(", ").map((word) => word.replaceAll("'", ""))
    ).flat()
    assert.isAtLeast(used.length, 6)
    assert.includeMembers(names, used)
    const [fields] = places(sql, /CREATE TYPE ending AS \(([^)]*)\)/, 1)[0]!
    const named = fields!.trim().split(/,\s+/).map((field) => field.split(" ")[0]!)
    const all = ["lease", "id", "outcome", "delay", "error", "holds", "ran_ms", "failure"]
    assert.sameMembers(named, all)
    for (const field of named) assert.match(text, new RegExp(`\\b${field}\\b`))
    const kept = places(sql, /FOR VALUES IN \((.*)\)/, 3).flat().join(", ")
    assert.deepStrictEqual(
      kept,
      "'completed', 'failed', 'crashed', 'cancelled', 'expired', 'discarded'"
    )
    assert.include(typescript, "state = 'completed'")
    assert.include(typescript, "state IN ('failed', 'crashed')")
    assert.include(typescript, "state = 'cancelled'")
    assert.include(typescript, "state = 'expired'")
    assert.include(typescript, "state = 'discarded'")
  },

  "Bounds of a job": () => {
    assert.strictEqual(bytes("queue"), JobRecord.queueBytesMax)
    assert.strictEqual(bytes("name"), JobRecord.nameBytesMax)
    assert.strictEqual(bytes("serialization_key"), JobRecord.keyBytesMax)
    assert.deepStrictEqual(
      numbersIn(sql, /octet_length\(traceparent\) = (\d+)/, 1),
      [traceparentBytes]
    )
    assert.deepStrictEqual(
      numbersIn(sql, /octet_length\(payload::text\) <= (\d+)/, 1),
      [JobRecord.payloadBytesMax]
    )
    assert.include(typescript, "message.includes(\"jobs_payload_bytes\")")
    assert.include(sql, "CONSTRAINT jobs_payload_bytes")
    assert.deepStrictEqual(
      new Set(Array.from(sql.matchAll(/ queue +text.* DEFAULT '(\w+)'/g), ([, name]) => name)),
      new Set([JobRecord.defaultQueue])
    )
  },

  "Advisory locks": () => {
    const classes = new Set(
      Array.from(`${sql}${typescript}`.matchAll(/hashtext\([^)]*\)? ?(?:\|\| ')?:(\w+)'/g))
        .map(([, name]) => name!)
    )
    const listed = Array.from(contract.matchAll(/^\| `:(\w+)` \|/gm), ([, name]) => name!)
    assert.isAtLeast(listed.length, 6)
    assert.sameMembers(Array.from(classes), listed)
  },

  "Ranges": () => {
    const integer = { top: 2147483647, bottom: -2147483648 }
    assert.deepStrictEqual(new Floors().ranges("q"), [{ queue: "q", ...integer, floor: null }])
    assert.include(functionOf("pick_above"), "BETWEEN range.bottom AND range.top")
    assert.include(contract, `${integer.top} and ${integer.bottom}`)
  },

  "Hot steps": () => {
    const [group] = places(sql, /\(ARRAY\[([^\]]*)\],\s+ARRAY\['enable_seqscan=off'/, 1)
    const hot = Array.from(group![0]!.matchAll(/'(\w+)'/g), ([, name]) => name!)
    const calling = sources.filter(({ file }) =>
      file.startsWith("layers/postgres") && !/Pg(Migrations|Roles|Steps)\.ts$/.test(file)
    ).map(({ text }) => text).join("\n")
    const isCalled = (name: string) => new RegExp(`"${name}"|\\.${name}\\b`).test(calling)
    const called = contents().functions.filter(isCalled)
    const prunes = ["completed", "failed", "dropped", "runs", "logs"].map((kind) => `prune_${kind}`)
    const notHot = [
      "ask_to_stop",
      "ended_as",
      "ends_of",
      "enqueue",
      "forget",
      "has_unannounced",
      "job_like",
      "job_log",
      "states_of",
      "offer",
      "pause",
      "plan_operation",
      "resume",
      "roll_up",
      "series_of",
      "set_objective",
      "settle_again",
      "steer_operation",
      "unique_key",
      ...prunes
    ]
    // A trigger calls this one, at COMMIT.
    const byTrigger = "complete_at_commit"
    // The view `queue_health` calls these.
    const byView = ["health_of", "queues_seen"]
    assert.sameMembers([...new Set(called), byTrigger, ...byView], [...hot, ...notHot])
  },

  "Failures and attempts": () => {
    assert.include(typescript, "attempt: row.failures + 1")
    places(
      functionOf("move_to_history"),
      /last_run integer := CASE\s+WHEN .* THEN 0 ELSE 1\s+END/,
      1
    )
    places(functionOf("move_to_history"), /failures \+ last_run/, 1)
    places(functionOf("put_back"), /failures\s+\+ CASE .* THEN 0 ELSE 1 END/, 1)
  },

  "Expiries": () => {
    places(functionOf("expire"), /THEN 5 ELSE 1 END/, 1)
    assert.strictEqual(constant("leasedPause"), "5000")
    places(sql, /INSERT INTO expiries/, 5)
    places(sql, /DELETE FROM expiries/, 1)
  },

  "Batches": () => {
    const [atOnce] = numbersIn(sql, /rescue\(jobs_max integer DEFAULT (\d+)\)/, 1)
    const steps = numbersIn(
      functionOf("leave") + functionOf("reconcile"),
      /(?:false|has_crashed), (\d+)\n? *\)/,
      2
    )
    assert.deepStrictEqual([atOnce, ...steps], [4000, 4000, 4000])
    assert.strictEqual(constant("reconciledMax"), "4000")
    assert.strictEqual(constant("rescuedMax"), "4000")
    assert.strictEqual(constant("unpausedMax"), "1000")
    const others = ["requests", "holds", "results", "progress"].map((rows) => `forget_${rows}`)
    const forgotten = ["forget", ...others].flatMap((name) =>
      numbersIn(functionOf(name), /LIMIT (\d+)/, 1)
    ).concat(numbersIn(functionOf("forget_figures"), /LIMIT (\d+)/, 3))
      .concat(numbersIn(functionOf("forget_workers"), /LIMIT (\d+)/, 1))
      .concat(numbersIn(functionOf("forget_operations"), /LIMIT (\d+)/, 1))
    assert.deepStrictEqual(new Set(forgotten), new Set([Number(constant("forgottenMax"))]))
  },

  ...factsOfControl,

  "Pauses": () => {
    assert.strictEqual(constant("everyQueue"), "\"*\"")
    const answers = ["pause", "resume"].flatMap((name) =>
      Array.from(
        functionOf(name).matchAll(/(?:THEN|ELSE) '([a-z ]+)'/g),
        ([, answer]) => answer!
      )
    )
    assert.deepStrictEqual(answers, ["paused", "already paused", "resumed", "not paused"])
    for (const answer of answers) assert.include(typescript, `"${answer}"`)
    const reads = `${sql}${typescript}`.matchAll(
      /(?:queue IN \(|queue = ANY \().*[^]*?until > \w+/g
    )
    assert.isAtLeast(Array.from(reads).length, 7)
  },

  "Rows of a claim": () => {
    const [columns] = places(functionOf("claim"), /RETURNS TABLE \(([^)]*)\)/, 1)
    const names = columns![0]!.split(",").map((column) => column.trim().split(" ")[0]!)
    const { text } = sources.find(({ file }) => file.endsWith("PgClaim.ts"))!
    const [row] = places(text, /interface ClaimRow \{([^}]*)\}/, 1)
    assert.deepStrictEqual(
      Array.from(row![0]!.matchAll(/readonly (\w+):/g), ([, name]) => name),
      names
    )
    assert.include(
      functionOf("claim"),
      "IF is_behind OR taken.has_suspects THEN RETURN NEXT; END IF;"
    )
    assert.include(text, "row.id !== null")
  },

  "Ids in order": () => {
    places(sql, /bigint GENERATED ALWAYS AS IDENTITY(?! \()/, 3)
    assert.include(typescript, "ids.toSorted(")
  },

  "Name of the schema": () => {
    assert.include(sql, "SELECT %I.add_job($1")
    assert.include(typescript, ".add_job(%")
  },

  "Rights": () => {
    const given = PgRoles.names.flatMap((name) => PgRoles.roles[name].functions)
    assert.sameMembers(
      Array.from(new Set([...given, ...PgRoles.internal])),
      Array.from(new Set(contents().functions))
    )
  },
  ...factsOfResults
}

describe("the contract of SQL and TypeScript", () => {
  it.each(Object.keys(facts))("%s", (name) => facts[name]!())

  it("has a test for each fact", () => {
    const headings = Array.from(contract.matchAll(/^## (.*)$/gm), ([, heading]) => heading)
    assert.deepStrictEqual(headings, [...Object.keys(facts), "Unstarted jobs"])
  })
})

type State = "ready" | "leased" | "scheduled" | "retry" | "waiting"

const laneStates: Readonly<Record<State, LaneJob.LaneState>> = {
  ready: "open",
  waiting: "open",
  leased: "leased",
  scheduled: "delayed",
  retry: "delayedHoldingLane"
}

/** The states of the jobs of one lane, in the order of their ids. */
const lanes: ReadonlyArray<ReadonlyArray<State>> = [
  [],
  ["ready"],
  ["leased"],
  ["scheduled"],
  ["retry"],
  ["leased", "waiting"],
  ["retry", "waiting"],
  ["scheduled", "waiting"]
]

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })(
  "Unstarted jobs",
  (it) => {
    for (const states of lanes) {
      it.effect(`are told of a lane of ${states.join(", ") || "none"} as by its rules`, () =>
        Effect.gen(function*() {
          const session = yield* Session.open
          const client = yield* PgClient.PgClient
          const repo = yield* JobRepo
          const queue = crypto.randomUUID()
          const jobs: Array<LaneJob.LaneJob> = []
          for (const state of states) {
            const id = yield* session.insert({ queue, key: "k" })
            jobs.push({
              ...LaneJob.added({ id, key: "k", priority: 0, dueAt: 0 }, 1),
              laneState: laneStates[state]
            })
            const stored = state === "leased" ? "ready" : state
            const at = state === "retry" || state === "scheduled" ? "'infinity'" : "NULL"
            yield* session.asStep(
              `UPDATE pgq.jobs SET state = '${stored}', run_at = ${at} WHERE id = ${id}`
            )
            if (state !== "leased") continue
            yield* client`
              INSERT INTO pgq.leases (worker_id, queue, job_ids)
              VALUES (gen_random_uuid(), ${queue}, ARRAY[${id}::bigint])
            `
          }

          assert.strictEqual(yield* repo.hasUnstarted([queue]), Lanes.hasUnstarted(jobs))
        }))
    }
  }
)
