/**
 * The origin of web pages: a scheme, a host and perhaps a port.
 */

/** Such as `https://portal.example`, or `https://*.example` for all hosts below one. */
export type WebOrigin = `http://${string}` | `https://${string}`

/** A text that is no origin could end a line of a content policy and begin another. */
export const is = (text: string): text is WebOrigin =>
  /^https?:\/\/(?:\*\.)?(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(text)
