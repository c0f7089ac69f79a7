/**
 * The class of a store's error. It has few values, as it is a label of metrics.
 */
import type { StoreError } from "./Errors.ts"

/** The first two characters of an SQLSTATE, the system's code, or `_OTHER`. */
export const of = ({ code }: StoreError): string =>
  code === undefined ? "_OTHER" : /^[0-9A-Z]{5}$/.test(code) ? code.slice(0, 2) : code
