/**
 * The context of a span as a job carries it from the program that adds it to the run: the text of
 * the header `traceparent`, version 00, of the W3C.
 */

/** The length of such a text, which the table demands, too. */
export const traceparentBytes = 55

/** The text for a sampled span; `undefined` if its ids are of another form. */
export const of = ({ spanId, traceId }: {
  readonly spanId: string
  readonly traceId: string
}): string | undefined => {
  const text = `00-${traceId.padStart(32, "0")}-${spanId}-01`
  return form.test(text) ? text : undefined
}

const form = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/
