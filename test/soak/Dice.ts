/**
 * Seeded chance: the same seed throws the same dice, and each actor has its own.
 */
export interface Dice {
  /** In [0, 1). */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(items: ReadonlyArray<A>) => A | undefined
  /** One of the names, each as often as its weight says. */
  readonly weigh: <Name extends string>(weights: Readonly<Record<Name, number>>) => Name
  /** The pause before an event that happens so often on average, at random. */
  readonly gap: (mean: number) => number
  /** Dice of another's own, that do not depend on how often these were thrown. */
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
