/**
 * Random numbers from a seed. The same seed gives the same numbers, and each actor has dice of its
 * own.
 */
export interface Dice {
  /** A number in [0, 1). */
  readonly next: () => number
  /** A whole number from `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(items: ReadonlyArray<A>) => A | undefined
  /** One of the names, each with a probability in proportion to its weight. */
  readonly weigh: <Name extends string>(weights: Readonly<Record<Name, number>>) => Name
  /**
   * A random pause from an exponential distribution with this mean, cut off at three times the
   * mean.
   */
  readonly gap: (mean: number) => number
  /** Dice for another actor, which do not depend on how often these dice were thrown. */
  readonly for: (name: string) => Dice
}

export const make = (seed: string): Dice => {
  let state = hash(seed)
  // Mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)],
    weigh: (weights) => {
      const names = Object.keys(weights) as Array<keyof typeof weights>
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0)
      return names.find((name) => (left -= weights[name]) < 0) ?? names[0]!
    },
    gap: (mean) => Math.min(-Math.log(1 - next()), 3) * mean,
    for: (name) => make(`${seed}/${name}`)
  }
}

/** FNV-1a. */
const hash = (text: string): number =>
  Array.from(text).reduce(
    (sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193),
    0x811c9dc5
  )
