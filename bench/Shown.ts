/**
 * Figures as a person reads them.
 */

/** Three digits or so. */
export const shown = (value: number | undefined): string =>
  value === undefined
    ? "–"
    : Number.isNaN(value)
    ? "did not finish"
    : value >= 1000
    ? `${(value / 1000).toFixed(1)} k`
    : value.toFixed(value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2)

export const shownRatio = (ratio: number | undefined): string =>
  ratio === undefined ? "–" : `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`
