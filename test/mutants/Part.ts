/**
 * A share of a list: with `2/3`, each third entry from the second on. The parts of a list together
 * are the list, and no two parts share an entry.
 */
export interface Part {
  readonly number: number
  readonly of: number
}

export const parse = (text: string): Part | undefined => {
  const match = /^([1-9]\d{0,2})\/([1-9]\d{0,2})$/.exec(text)
  const [number = 0, of = 0] = match?.slice(1).map(Number) ?? []
  return match !== null && number <= of ? { number, of } : undefined
}

export const has = ({ number, of }: Part, index: number): boolean => index % of === number - 1
