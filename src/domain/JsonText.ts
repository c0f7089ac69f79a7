/**
 * JSON as text, with the parts that JavaScript loses by parsing, such as the last digits of a long
 * number.
 */

/** A member of an object: its name, and its value as written. */
export interface Member {
  readonly name: string
  readonly value: string
}

/** The members of an object, in their order in the text. `json` must be valid. */
export const members = (json: string): ReadonlyArray<Member> =>
  parts(json).map((part) => {
    const end = endOfString(part, 0) + 1
    return {
      name: String(JSON.parse(part.slice(0, end))),
      value: part.slice(part.indexOf(":", end) + 1).trim()
    }
  })

/** The elements of an array as written, in their order. `json` must be valid. */
export const elements = (json: string): ReadonlyArray<string> => parts(json)

/** The texts between the outermost commas of an object or an array. */
const parts = (json: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let depth = 0
  let start = 0
  const end = (at: number) => {
    found.push(json.slice(start, at).trim())
    start = at + 1
  }
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === "\"") at = endOfString(json, at)
    else if (character === "{" || character === "[") {
      if (depth++ === 0) start = at + 1
    } else if (character === "}" || character === "]") {
      if (--depth === 0) end(at)
    } else if (depth === 1 && character === ",") end(at)
  }
  return found.filter((part) => part !== "")
}

const colon = /[ \t\r\n]*:[ \t\r\n]*/y

/**
 * The names of all members, at any depth and in their order in the text, with the position at which
 * the value begins. `json` must be valid.
 */
export const names = (
  json: string
): ReadonlyArray<{ readonly name: string; readonly value: number }> => {
  const found: Array<{ readonly name: string; readonly value: number }> = []
  let at = json.indexOf("\"")
  while (at >= 0) {
    const end = endOfString(json, at) + 1
    // Of all strings in a valid text, only names stand before a colon.
    colon.lastIndex = end
    if (colon.test(json)) {
      found.push({ name: String(JSON.parse(json.slice(at, end))), value: colon.lastIndex })
    }
    at = json.indexOf("\"", end)
  }
  return found
}

/** The position behind the value that begins at `start`. */
export const endOfValue = (json: string, start: number): number => {
  if (json[start] === "\"") return endOfString(json, start) + 1
  const scalar = /[^,\]}[{\s]*/y
  scalar.lastIndex = start
  if (scalar.test(json) && scalar.lastIndex > start) return scalar.lastIndex
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const character = json[at]
    if (character === "\"") at = endOfString(json, at)
    else if (character === "{" || character === "[") depth++
    else if ((character === "}" || character === "]") && --depth === 0) return at + 1
  }
  return json.length
}

/** The position of the quote that ends the string that begins at `start`. */
export const endOfString = (json: string, start: number): number => {
  let at = start + 1
  while (at < json.length && json[at] !== "\"") at += json[at] === "\\" ? 2 : 1
  return at
}
