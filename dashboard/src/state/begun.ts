/**
 * Changes that the server goes on with, whether the page waits for the answer or not.
 */
import { type Answer, change } from "../api/call.ts"

/** How long the page waits for the answer, in milliseconds. */
const patience = 1000

/**
 * Begins a change. A refusal that comes later is told to `late`; no answer at all is none, as the
 * server goes on.
 */
export const begun = async (
  path: string,
  body: unknown,
  late: (text: string) => void
): Promise<Answer<unknown>> => {
  let isLate = false
  const answer = change("POST", path, body).then((answer): Answer<unknown> => {
    if (answer.is !== "failure" || !isLate) return answer
    if (answer.status !== 0) late(answer.text)
    return { is: "unchanged" }
  })
  const patient = new Promise<Answer<unknown>>((resolve) =>
    setTimeout(() => {
      isLate = true
      resolve({ is: "unchanged" })
    }, patience)
  )
  return Promise.race([answer, patient])
}
