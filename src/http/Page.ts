/**
 * The answers to a browser: the page of the dashboard, and the files that it loads.
 */
import { HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"
import * as PageFiles from "./PageFiles.ts"

/** Answers a path below the mount; `undefined` for a path that the API answers. */
export type Page = (
  path: string,
  headers: Readonly<Record<string, string | undefined>>
) => HttpServerResponse.HttpServerResponse | undefined

/** The names of the pages; `dashboard/src/app/App.tsx` knows them too. */
export const names: ReadonlyArray<string> = [
  "",
  "queue",
  "workers",
  "lanes",
  "job",
  "database",
  "failures",
  "jobs",
  "lane",
  "operations",
  "operation"
]

/** The answers, mounted under a prefix such as `/admin/pgq`, which may be empty. */
export const make = (prefix: string, texts = PageFiles.read()): Page => {
  const files = new Map(
    Object.entries(texts).filter(([path]) => path !== "index.html")
      .map(([path, text]) => [`/${path}`, fileOf(path, text)])
  )
  const base = prefix.replaceAll("&", "&amp;").replaceAll("\"", "&quot;")
  const index = fileOf(
    "index.html",
    (texts["index.html"] ?? "").replace("<base href=\"/\">", `<base href="${base}/">`)
  )
  return (path, headers) => {
    if (path.startsWith("/api/")) return undefined
    const file = files.get(path) ?? (names.includes(path.slice(1)) ? index : undefined)
    if (file !== undefined) {
      return headers["if-none-match"] === file.headers.etag
        ? HttpServerResponse.empty({ status: 304, headers: file.headers })
        : whole(file, 200)
    }
    // People are told in words that there is no such page; programs get a problem.
    const isAskedByPerson = !path.startsWith("/assets/") &&
      (headers["accept"] ?? "").includes("text/html")
    return isAskedByPerson ? whole(index, 404) : undefined
  }
}

const whole = ({ body, ...head }: ReturnType<typeof fileOf>, status: 200 | 404) =>
  HttpServerResponse.text(body, { ...head, status })

const fileOf = (path: string, body: string) => ({
  body,
  contentType: types[path.slice(path.lastIndexOf("."))] ?? "application/octet-stream",
  headers: {
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    // The names of these files have a hash of their content.
    "cache-control": path.startsWith("assets/")
      ? "public, max-age=31536000, immutable"
      : "no-cache"
  }
})

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml"
}
