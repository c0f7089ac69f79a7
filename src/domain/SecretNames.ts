/**
 * The names of fields whose values are secrets. They are not shown where payloads are, and no
 * search finds a job by them.
 */

const words = "password|token|secret|authorization"

const pattern = new RegExp(words, "i")

/** Whether the value of a field of this name is a secret. */
export const isSecret = (name: string): boolean => pattern.test(name)

/**
 * The same for the text of a jsonb value of PostgreSQL: it has such a field. Of all strings, only
 * the names of fields stand before a colon.
 */
export const ofJsonb = `(${words})([^"\\\\]|\\\\.)*":`
