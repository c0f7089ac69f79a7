/**
 * Texts by the cells that they take on a terminal.
 */

/**
 * The text without characters that a terminal obeys, that turn the direction of a line, or that
 * join others to a shape whose width no two terminals agree on.
 */
export const printable = (text: string): string =>
  isAscii(text) ? text : text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, " ")
    .replaceAll(/[\p{Cf}\uFE00-\uFE0F]/gu, "")

const isAscii = (text: string): boolean => /^[\x20-\x7E]*$/.test(text)

/** The cells that a printable text takes. */
export const width = (text: string): number =>
  isAscii(text) ? text.length : Array.from(text).reduce((sum, char) => sum + cellsOf(char), 0)

const cellsOf = (char: string): number => isMark.test(char) ? 0 : isWide.test(char) ? 2 : 1

const isMark = /^[\p{Mn}\p{Me}\u1160-\u11FF]$/u

const isWide = new RegExp(
  String.raw`^(?:\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C` +
    String.raw`\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6` +
    String.raw`\u{1F300}-\u{1F64F}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}])$`,
  "u"
)

/** The text, printable, in at most so many cells. A text that is cut ends in `…`. */
export const cut = (text: string, cells: number): string => {
  const clean = printable(text)
  if (width(clean) <= cells) return clean
  let kept = ""
  let left = cells - 1
  for (const char of clean) {
    left -= cellsOf(char)
    if (left < 0) break
    kept += char
  }
  return cells < 1 ? "" : `${kept}…`
}

/** The text, printable, in exactly so many cells. */
export const fit = (text: string, cells: number, side: "left" | "right" = "left"): string => {
  const short = cut(text, cells)
  const room = " ".repeat(Math.max(cells - width(short), 0))
  return side === "left" ? short + room : room + short
}

/** The text on lines of at most so many cells, parted between words where that is possible. */
export const wrap = (text: string, cells: number): ReadonlyArray<string> => {
  const clean = printable(text)
  const indent = /^ */.exec(clean)?.[0] ?? ""
  const lines: Array<string> = []
  let line = indent
  for (const word of clean.trim().split(" ")) {
    const longer = line === indent ? line + word : `${line} ${word}`
    if (width(longer) <= cells || line === indent) line = longer
    else {
      lines.push(cut(line, cells))
      line = `${indent}  ${word}`
    }
  }
  return [...lines, cut(line, cells)]
}
