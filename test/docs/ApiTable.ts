/**
 * The tables of endpoints and problems in the documentation of the HTTP API.
 */
import { Context } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import { Api } from "../../src/http/Api.ts"
import * as Gate from "../../src/http/Gate.ts"

export const page = "docs/reference/api.md"

const endpoints = (): string => {
  const rows: Array<string> = []
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      const summary = Context.getOrElse(endpoint.annotations, OpenApi.Summary, () => "")
      const right = Context.get(endpoint.annotations, Gate.Needs) ?? ""
      const path = endpoint.path.replace("/api/v1", "")
      rows.push(`| \`${endpoint.method}\` | \`${path}\` | \`${right}\` | ${summary} |\n`)
    }
  })
  return `| method | path | right | answer |\n| --- | --- | --- | --- |\n${rows.join("")}`
}

const problems = (): string => {
  const declared = /type: `\$\{urn\}([a-z-]+)`,\n +status: (\d+),\n +title: "([^"]+)"/g
  const rows = Array.from(
    readFileSync("src/http/Problems.ts", "utf8").matchAll(declared),
    ([, name, status, title]) => `| ${status} | \`${name}\` | ${title} |\n`
  )
  return `| status | problem | meaning |\n| --- | --- | --- |\n${rows.join("")}`
}

/** The text of the page with up-to-date tables. */
export const writtenInto = (text: string): string =>
  text.replace(/^\| method \| path .*\n(?:\|.*\n)*/m, endpoints)
    .replace(/^\| status \| problem .*\n(?:\|.*\n)*/m, problems)
