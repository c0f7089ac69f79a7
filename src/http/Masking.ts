/**
 * Payloads without their secrets, as JSON text: what is shown is otherwise as it was written.
 */
import * as JsonText from "../domain/JsonText.ts"

/** Stands in the place of a value that is not shown. */
export const mask = "[masked]"

/** The mask as JSON. */
export const maskText = JSON.stringify(mask)

const isSecret = /password|token|secret|authorization/i

const colon = /[ \t\r\n]*:[ \t\r\n]*/y

/**
 * The text with the mask in place of each value whose key names a secret, however deep it stands.
 * `json` must be valid.
 */
export const masked = (json: string): string => {
  const kept: Array<string> = []
  let from = 0
  let at = json.indexOf("\"")
  while (at >= 0) {
    const end = JsonText.endOfString(json, at) + 1
    // Of all strings in a valid text, only keys stand before a colon.
    colon.lastIndex = end
    const value = colon.test(json) ? colon.lastIndex : undefined
    if (value === undefined || !isSecret.test(String(JSON.parse(json.slice(at, end))))) {
      at = json.indexOf("\"", value ?? end)
    } else {
      kept.push(json.slice(from, value), maskText)
      from = JsonText.endOfValue(json, value)
      at = json.indexOf("\"", from)
    }
  }
  return kept.join("") + json.slice(from)
}
