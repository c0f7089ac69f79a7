/**
 * Payloads without their secrets, as JSON text: what is shown is otherwise as it was written.
 */
import * as JsonText from "../domain/JsonText.ts"
import { isSecret } from "../domain/SecretNames.ts"

/** Stands in the place of a value that is not shown. */
export const mask = "[masked]"

/** The mask as JSON. */
export const maskText = JSON.stringify(mask)

/**
 * The text with the mask in place of each value whose key names a secret, however deep it stands.
 * `json` must be valid.
 */
export const masked = (json: string): string => {
  const kept: Array<string> = []
  let from = 0
  for (const { name, value } of JsonText.names(json)) {
    if (value >= from && isSecret(name)) {
      kept.push(json.slice(from, value), maskText)
      from = JsonText.endOfValue(json, value)
    }
  }
  return kept.join("") + json.slice(from)
}
