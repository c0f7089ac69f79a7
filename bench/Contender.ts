/**
 * What a job queue must be able to do to be measured. Peers are made of promises, so is all of
 * this.
 */
import type { Payload } from "./Handler.ts"

export interface Contender {
  readonly name: string
  /** What it is made of, as this folder would import it: the versions are told with the table. */
  readonly packages: ReadonlyArray<string>
  /** How it is set up, for the table's reader. */
  readonly settings: string
  /** Ratios are to the best "peer". "redis" stands on another server; "limit" is not a queue. */
  readonly role: "own" | "peer" | "redis" | "limit"
  /** Whether it can serialize jobs by a key. */
  readonly hasLanes: boolean
  /** Whether it can add many jobs in one call. */
  readonly hasBulk: boolean
  /** The table of finished jobs, where they have one of their own. */
  readonly history?: string
  /** The same peer as a tuned one beside it: producers are alike. */
  readonly isAtDefaults: boolean
  /** Makes a fresh database ready. */
  readonly open: (place: Place) => Promise<Producer>
  /** The program of one worker process: a module and its arguments. */
  readonly worker: (place: Place, load: Load) => ReadonlyArray<string>
}

export interface Place {
  readonly url: string
  readonly redisPort: number
  /** Whether finished jobs are kept, where that is a matter of settings. */
  readonly keepsHistory: boolean
  /** Whether all jobs have keys, where a worker must know. */
  readonly hasKeys: boolean
}

/** What is known of the jobs when a worker is set up, as its owner would know it. */
export type Load =
  /** Many wait, and do next to nothing. */
  | "backlog"
  /** They come one by one, and should start soon. */
  | "prompt"
  /** They take their time. */
  | "slow"

export interface Producer {
  /** Adds jobs, a thousand a call, or one by one where it has no such call. */
  readonly bulk: (count: number, jobOf?: (n: number) => NewJob) => Promise<void>
  /** Adds one job. */
  readonly one: (payload: Payload) => Promise<unknown>
  readonly close: () => Promise<void>
}

export interface NewJob {
  readonly payload: Payload
  readonly key?: string
  readonly runAt?: Date
}

/** Calls `add` with the jobs, a thousand at a time. */
export const byThousands = async (
  count: number,
  jobOf: ((n: number) => NewJob) | undefined,
  add: (jobs: ReadonlyArray<NewJob>) => Promise<unknown>
): Promise<void> => {
  const make = jobOf ?? ((n) => ({ payload: { n } }))
  for (let start = 0; start < count; start += 1000) {
    await add(
      Array.from({ length: Math.min(1000, count - start) }, (_, index) => make(start + index))
    )
  }
}

/** One of the peers' workers, which all start in the same way. */
export const peerWorker = (peer: string, options: PeerOptions): ReadonlyArray<string> => [
  new URL("worker.ts", import.meta.url).pathname,
  peer,
  JSON.stringify(options)
]

export interface PeerOptions extends Place {
  readonly load: Load
  readonly isTuned: boolean
}
