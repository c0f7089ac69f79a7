/**
 * Bounds how often credentials may be guessed from one address.
 */

export interface Throttle {
  /** Whether the address has used up its tries. Times are milliseconds. */
  readonly isClosed: (peer: string, now: number) => boolean
  readonly failed: (peer: string, now: number) => void
}

/** The most wrong credentials of an address in the time. */
export const triesMax = 10
const window = 60_000

/** Somebody with many addresses cannot make the table grow for ever. */
const peersMax = 10_000

export const make = (): Throttle => {
  const failures = new Map<string, ReadonlyArray<number>>()
  const recent = (peer: string, now: number) =>
    (failures.get(peer) ?? []).filter((at) => now - at < window)
  return {
    isClosed: (peer, now) => recent(peer, now).length >= triesMax,
    failed: (peer, now) => {
      const tries = [...recent(peer, now), now].slice(-triesMax)
      // The newest address goes last, and the oldest is forgotten.
      failures.delete(peer)
      failures.set(peer, tries)
      const [oldest] = failures.keys()
      if (failures.size > peersMax && oldest !== undefined) failures.delete(oldest)
    }
  }
}
