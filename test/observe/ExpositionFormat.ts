/**
 * Reads the text format of Prometheus, version 0.0.4, and accepts no breach of its rules.
 */
import { assert } from "@effect/vitest"

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: ReadonlyArray<Sample>
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const parse = (text: string): ReadonlyMap<string, Family> => {
  assert.isTrue(text === "" || text.endsWith("\n"), "the last line ends")
  const families = new Map<string, Family & { readonly samples: Array<Sample> }>()
  let help: readonly [name: string, text: string] | undefined
  let family: (Family & { readonly samples: Array<Sample> }) | undefined
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === "HELP") {
      assert.isUndefined(help, `two HELP before ${line}`)
      assert.notMatch(rest, /\\(?![\\n])/, "an escape in HELP")
      help = [name, rest]
    } else if (kind === "TYPE") {
      assert.match(name, /^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
      assert.include(["counter", "gauge", "histogram", "summary", "untyped"], rest)
      assert.isFalse(families.has(name), `${name} comes twice`)
      assert.strictEqual(help?.[0], name, "HELP and TYPE are of one name")
      family = { name, type: rest, help: help![1], samples: [] }
      families.set(name, family)
      help = undefined
    } else {
      assert(family !== undefined && help === undefined, `a sample without a TYPE: ${line}`)
      const sample = sampleOf(line)
      assert.include(namesOf(family), sample.name)
      family.samples.push(sample)
    }
  }
  assert.isUndefined(help, "a HELP without a TYPE")
  for (const one of families.values()) check(one)
  return families
}

const namesOf = ({ name, type }: Family): ReadonlyArray<string> =>
  type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name]

const sampleOf = (line: string): Sample => {
  const [whole, name = "", labels = "", value = ""] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  assert.isDefined(whole, `not a sample: ${line}`)
  return { name, labels: labelsOf(labels), value: valueOf(value) }
}

const labelsOf = (text: string): Readonly<Record<string, string>> => {
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=[a-zA-Z_])|$)/gy
  const found: Record<string, string> = {}
  while (label.lastIndex < text.length) {
    const at = label.lastIndex
    const [whole, name = "", value = ""] = label.exec(text) ?? []
    assert.isDefined(whole, `not a label: ${text.slice(at)}`)
    assert.isFalse(Object.hasOwn(found, name), `${name} comes twice`)
    found[name] = value.replaceAll(/\\(.)/g, (_, one: string) => one === "n" ? "\n" : one)
  }
  return found
}

const valueOf = (text: string): number => {
  if (text === "+Inf") return Infinity
  assert.match(text, /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i)
  return Number(text)
}

const check = ({ name, samples, type }: Family): void => {
  assert.isNotEmpty(samples, `${name} has no samples`)
  const series = samples.map(({ labels, name }) => `${name} ${keyOf(labels)}`)
  assert.strictEqual(new Set(series).size, series.length, `${name} has a series twice`)
  if (type === "counter") {
    assert.match(name, /_total$/)
    for (const { value } of samples) assert.isTrue(Number.isFinite(value) && value >= 0)
  }
  if (type === "histogram") {
    const groups = new Set(samples.map(({ labels }) => keyOf(labels, "le")))
    for (const group of groups) checkHistogram(name, group, samples)
  }
}

const checkHistogram = (name: string, group: string, samples: ReadonlyArray<Sample>): void => {
  const own = samples.filter(({ labels }) => keyOf(labels, "le") === group)
  const buckets = own.filter((one) => one.name === `${name}_bucket`)
    .map(({ labels, value }) => ({ le: valueOf(labels["le"] ?? ""), count: value }))
  const counts = own.filter((one) => one.name === `${name}_count`)
  assert.lengthOf(counts, 1)
  assert.lengthOf(own.filter((one) => one.name === `${name}_sum`), 1)
  buckets.reduce((before, bucket) => {
    assert.isAbove(bucket.le, before.le, "buckets in order")
    assert.isAtLeast(bucket.count, before.count, "buckets cumulate")
    return bucket
  })
  assert.deepStrictEqual(buckets.at(-1), { le: Infinity, count: counts[0]!.value })
}

const keyOf = (labels: Readonly<Record<string, string>>, without = ""): string =>
  JSON.stringify(
    Object.entries(labels).filter(([name]) => name !== without).toSorted(([a], [b]) =>
      a < b ? -1 : 1
    )
  )
