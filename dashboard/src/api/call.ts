/**
 * Calls of pgq's HTTP API, which is mounted under the same path as the page.
 */

/** An answer of the API: its value, or what went wrong, for people. */
export type Answer<A> =
  | { readonly is: "value"; readonly value: A }
  | { readonly is: "unchanged" }
  | Failure

export interface Failure {
  readonly is: "failure"
  readonly status: number
  readonly text: string
  /** The place of the mistake in a search, from 0. */
  readonly position?: number
}

/** How long an answer may take, in milliseconds. */
const usual = 10_000

/** Asks for a value. With the tag of the last answer, an equal value is not sent again. */
export const get = async <A>(path: string, tags?: Map<string, string>): Promise<Answer<A>> => {
  const tag = tags?.get(path)
  const answer = await call(path, { headers: tag === undefined ? {} : { "if-none-match": tag } })
  if ("is" in answer) return answer
  if (answer.status === 304) return { is: "unchanged" }
  const next = answer.headers.get("etag")
  if (next !== null) tags?.set(path, next)
  return valueOf<A>(answer)
}

/** Asks for a change, and waits for so many milliseconds. */
export const change = async <A>(
  method: "POST" | "PATCH" | "DELETE",
  path: string,
  body: unknown = {},
  patience?: number
): Promise<Answer<A>> => {
  const answer = await call(path, {
    method,
    headers: { "content-type": "application/json", "x-pgq": "1" },
    body: JSON.stringify(body)
  }, patience)
  return "is" in answer ? answer : valueOf<A>(answer)
}

/** Takes a token for a session's cookie. */
export const signIn = async (token: string): Promise<Answer<unknown>> => {
  const answer = await call("session", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-pgq": "1",
      "authorization": `Bearer ${token}`
    },
    body: "{}"
  })
  return "is" in answer ? answer : valueOf(answer)
}

/** The time of the server, in milliseconds. The clock of this machine may be wrong. */
export const serverNow = (): number => Date.now() + ahead

let ahead = 0

const call = async (path: string, options: RequestInit, patience = usual) => {
  try {
    const answer = await fetch(new URL(`api/v1/${path}`, document.baseURI), {
      ...options,
      signal: AbortSignal.timeout(patience)
    })
    const date = Date.parse(answer.headers.get("date") ?? "")
    if (!Number.isNaN(date)) ahead = date - Date.now()
    return answer
  } catch (error) {
    const isSlow = error instanceof DOMException && error.name === "TimeoutError"
    return failure(0, isSlow ? "the server does not answer" : "the server cannot be reached")
  }
}

const valueOf = async <A>(answer: Response): Promise<Answer<A>> => {
  const body: unknown = await answer.json().catch(() => undefined)
  if (answer.ok) {
    // The page and the API come from the same build, so the value has the type of the contract.
    return { is: "value", value: body as A }
  }
  const refused = failure(answer.status, textOf(body) ?? `the server answers ${answer.status}`)
  const position = positionOf(body)
  return position === undefined ? refused : { ...refused, position }
}

const failure = (status: number, text: string): Failure => ({ is: "failure", status, text })

/** The sentence of a problem (RFC 9457). */
const textOf = (body: unknown): string | undefined => {
  if (typeof body !== "object" || body === null) return undefined
  if ("detail" in body && typeof body.detail === "string") return body.detail
  return "title" in body && typeof body.title === "string" ? body.title : undefined
}

const positionOf = (body: unknown): number | undefined =>
  typeof body === "object" && body !== null && "position" in body &&
    typeof body.position === "number"
    ? body.position
    : undefined
