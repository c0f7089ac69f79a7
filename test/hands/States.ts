/**
 * Jobs in each state that a person may meet them in, made as they come about: by adding, claiming,
 * settling.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type * as Session from "../support/Session.ts"

/** A job that a statement is about, with others behind it and wherever it may be moved to. */
export interface Scene {
  readonly queue: string
  readonly elsewhere: string
  readonly worker: string
  readonly job: bigint
  readonly key: string | null
  /** Of the same lane, and not claimed yet. */
  readonly behind: bigint
  /** That one among them. */
  readonly others: ReadonlyArray<bigint>
  /** What a worker holds meanwhile. */
  readonly held: { readonly lease: string; readonly ids: ReadonlyArray<bigint> }
}

export interface State {
  readonly name: string
  readonly isKeyed: boolean
  readonly isHeld: boolean
  /** Whether it may be leased, as far as its row tells. */
  readonly isOpen: boolean
  readonly isHolding: boolean
  readonly isLater: boolean
  readonly make: (session: Session.Session) => Effect.Effect<Scene, SqlError.SqlError>
}

type After = "held" | "released" | "retried" | "blocked" | undefined

const stateOf = (
  name: string,
  options: { readonly key?: string; readonly isLater?: true; readonly isBehind?: true },
  after: After
): State => ({
  name,
  isKeyed: options.key !== undefined,
  isHeld: after === "held",
  isOpen: !options.isLater && after !== "retried" && after !== "blocked",
  isHolding: options.key !== undefined && (after === "retried" || after === "blocked"),
  isLater: options.isLater === true || after === "retried" || after === "blocked",
  make: Effect.fnUntraced(function*(session) {
    const queue = crypto.randomUUID()
    const elsewhere = crypto.randomUUID()
    const worker = yield* session.worker(queue)
    const of = options.key === undefined ? { queue } : { queue, key: options.key }
    const before = options.isBehind ? [yield* session.insert(of)] : []
    const job = options.isLater
      ? yield* later(session, of)
      : yield* session.insert(of)
    const behind = yield* session.insert(of)
    const ends = options.isBehind && after === "held" ? 2 : 1
    const held = after === undefined
      ? { lease: "", ids: [] }
      : yield* session.claim({ queue, worker, limit: 1, perLaneMax: ends - 1 })
    if (after !== undefined && after !== "held") {
      yield* session.settleOther({
        lease: held.lease,
        id: String(held.ids[0]),
        outcome: after,
        delay: 3600,
        error: "again",
        holds: true
      })
    }
    const beside = [
      yield* session.insert({ queue, key: "other" }),
      yield* session.insert({ queue: elsewhere, key: "k" })
    ]
    return {
      queue,
      elsewhere,
      worker,
      job,
      key: options.key ?? null,
      behind,
      others: [...before, behind, ...beside],
      held: after === "held" ? held : { lease: "", ids: [] }
    }
  })
})

const later = (
  session: Session.Session,
  { key, queue }: { readonly queue: string; readonly key?: string }
) =>
  Effect.map(
    session.sql<{ id: bigint }>`
      INSERT INTO pgq.jobs (queue, name, serialization_key, run_at)
      VALUES (${queue}, 'test', ${key ?? null}, now() + interval '1 hour') RETURNING id
    `,
    ([row]) => row!.id
  )

const key = "k"

export const states: ReadonlyArray<State> = [
  stateOf("scheduled", { isLater: true }, undefined),
  stateOf("ready", {}, undefined),
  stateOf("retry", {}, "retried"),
  stateOf("running", {}, "held"),
  stateOf("scheduled, key", { key, isLater: true }, undefined),
  stateOf("waiting, key", { key, isBehind: true }, "released"),
  stateOf("ready, key", { key }, "released"),
  stateOf("retry, key", { key }, "retried"),
  stateOf("blocked, key", { key }, "blocked"),
  stateOf("running, key", { key }, "held"),
  stateOf("waiting and held, key", { key, isBehind: true }, "held")
]
