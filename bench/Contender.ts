/**
 * What a job queue must be able to do to be measured. Peers are made of promises, so is all of this.
 */
export interface Contender {
  readonly name: string
  /** How it is set up, for the table's reader. */
  readonly settings: string
  /** A fresh queue in the database that the URL names. */
  readonly open: (url: string) => Promise<Session>
}

export interface Session {
  /** Adds jobs by thousands; `keyOf` serializes them, where the contender can. */
  readonly bulk: (count: number, keyOf?: (n: number) => string) => Promise<void>
  /** Adds one job. */
  readonly one: () => Promise<unknown>
  /** Works from now on, and tells of each job that a handler was started for. */
  readonly work: (onJob: (key: string | undefined) => void) => Promise<() => Promise<void>>
  readonly close: () => Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly unit: string
  /** Whether more is better. */
  readonly isRate: boolean
  readonly run: (session: Session, isQuick: boolean) => Promise<number>
  /** Contenders that cannot do it, or not in reasonable time. */
  readonly without?: ReadonlyArray<string>
}

/** Resolves once `count` jobs were started, or at the limit; answers with jobs per second. */
export const rate = async (
  session: Session,
  count: number,
  isCounted: (key: string | undefined) => boolean = () => true,
  limitMillis = 30_000
): Promise<number> => {
  let seen = 0
  let lastAt = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const limit = setTimeout(resolve, limitMillis)
  const begin = performance.now()
  const stop = await session.work((key) => {
    if (!isCounted(key)) return
    seen++
    lastAt = performance.now()
    if (seen === count) resolve()
  })
  await promise
  clearTimeout(limit)
  await stop()
  return seen / ((lastAt - begin) / 1000)
}

export const thousands = function*(count: number): Generator<ReadonlyArray<number>> {
  for (let start = 0; start < count; start += 1000) {
    yield Array.from({ length: Math.min(1000, count - start) }, (_, index) => start + index)
  }
}
