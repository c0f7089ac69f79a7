/**
 * The stream of looks that the server sends by itself.
 */
import type { Look } from "../api/Look.ts"

/** The first sign comes at once, unless something on the way keeps it back. */
const patience = 6000

/** The server gives a sign of life every 15 seconds. */
const silence = 35_000

export interface Listener {
  readonly onLook: (look: Look) => void
  readonly onProblem: (text: string) => void
}

/**
 * Listens until the signal, or until nothing more comes: `silent` says that there never was a sign,
 * `lost` that the stream has ended.
 */
export const listen = (
  listener: Listener,
  signal: AbortSignal
): Promise<"silent" | "lost"> =>
  new Promise((resolve) => {
    const source = new EventSource(new URL("api/v1/live", document.baseURI))
    let timer: ReturnType<typeof setTimeout> | undefined
    const end = (how: "silent" | "lost") => {
      clearTimeout(timer)
      source.close()
      resolve(how)
    }
    const expect = (within: number, otherwise: "silent" | "lost") => {
      clearTimeout(timer)
      timer = setTimeout(() => end(otherwise), within)
    }
    const on = (event: string, heard: (data: string) => void) =>
      source.addEventListener(event, ({ data }) => {
        expect(silence, "lost")
        heard(String(data))
      })
    on("overview", (data) => listener.onLook(JSON.parse(data)))
    on("problem", (data) => listener.onProblem(sentenceOf(JSON.parse(data))))
    on("tick", () => {})
    on("bye", () => end("lost"))
    source.addEventListener("error", () => end("lost"))
    signal.addEventListener("abort", () => end("lost"), { once: true })
    expect(patience, "silent")
  })

const sentenceOf = ({ detail, title }: { readonly detail?: string; readonly title: string }) =>
  detail === undefined || detail === "" ? title : detail
