/**
 * Finds samples in a page of metrics.
 */
import type * as ExpositionFormat from "./ExpositionFormat.ts"

type Families = ReadonlyMap<string, ExpositionFormat.Family>

type Labels = Readonly<Record<string, string>>

/** The value of the first sample of this name that has these labels. */
export const valueOf = (families: Families, name: string, labels: Labels = {}) =>
  samplesOf(families, name, labels)[0]?.value

/** All samples of this name that have these labels. */
export const samplesOf = (families: Families, name: string, labels: Labels = {}) =>
  families.get(name.replace(/_(?:count|sum|bucket)$/, ""))?.samples.filter((sample) =>
    sample.name === name &&
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  ) ?? []
