/**
 * Jobs in each state in which a person may find them. The jobs get into their states by the usual
 * steps: adding, claiming and settling.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type * as Session from "../support/Session.ts"

/** The job of a statement, with one job behind it, and one in each lane that it may be moved to. */
export interface Scene {
  readonly queue: string
  readonly elsewhere: string
  readonly worker: string
  readonly job: bigint
  readonly key: string | null
  /** A job of the same lane that is not claimed yet. */
  readonly behind: bigint
  /** All other jobs of the scene, `behind` among them. */
  readonly others: ReadonlyArray<bigint>
  /** The lease of the worker and its jobs, empty if there is no lease. */
  readonly held: { readonly lease: string; readonly ids: ReadonlyArray<bigint> }
}

export interface State {
  readonly name: string
  readonly isKeyed: boolean
  readonly isHeld: boolean
  /** Whether the job may be leased, as far as its row tells. */
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
