/**
 * Fingerprints of errors: one for all errors that differ in ids, numbers and quoted names only.
 */

/** The longest first line that is looked at, and the longest fingerprint, in UTF-16 units. */
export const lineMax = 1000
export const lengthMax = 200

/**
 * The fingerprint of the text of an error: its first line, in which `…` stands for each number,
 * hexadecimal word, UUID and quoted part. A fingerprint is its own fingerprint. A map
 * keeps those that are found, for many texts that are alike.
 */
export const of = (text: string, known?: Map<string, string>): string => {
  const found = known?.get(text)
  if (found !== undefined) return found
  const masked = masks.reduce((line, [part, mask]) => line.replace(part, mask), lineOf(text))
    .slice(0, lengthMax).toWellFormed().trim()
  // A mask may have made two quotes a pair. Each turn leaves fewer characters that are no mask.
  const fingerprint = masked === text ? masked : of(masked, known)
  known?.set(text, fingerprint)
  return fingerprint
}

/** The first line of the text of an error, as far as fingerprints look at it. */
export const lineOf = (text: string): string => {
  const end = text.indexOf("\n")
  return text.slice(0, Math.min(lineMax, end < 0 ? text.length : end)).toWellFormed().trim()
}

const masks: ReadonlyArray<readonly [RegExp, string]> = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, "…"],
  [/\b0x[0-9a-f]+\b/gi, "…"],
  // A number such as 1.5e-7, before its digits and its e look like a word.
  [/[-+]?\b\d+(?:\.\d+)?e[-+]\d+/gi, "…"],
  // Words such as "defaced" are no numbers: a digit must be among the letters.
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}\b/gi, "…"],
  // With its sign, and with parts such as those of a time or an address.
  [/[-+]?\d+(?:[.,:/-]\d+)*/g, "…"],
  // An apostrophe within a word is no quote.
  [/(?<!\w)(["'`])(?:(?!\1).)+\1(?!\w)/g, "$1…$1"]
]
