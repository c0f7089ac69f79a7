/**
 * Ids that the page makes, so that a second click plans nothing twice.
 */

/** A new uuid. Without TLS a browser has no `crypto.randomUUID`. */
export const uuid = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, n) => {
    const value = n === 6 ? byte & 0x0f | 0x40 : n === 8 ? byte & 0x3f | 0x80 : byte
    return value.toString(16).padStart(2, "0")
  })
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}
