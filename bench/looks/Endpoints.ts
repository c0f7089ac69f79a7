/**
 * The reads of the HTTP API, as its own description names them.
 */

/** A path with its query, and nothing where a parameter has no value here. */
export const reads = (
  description: Description,
  values: Readonly<Record<string, string>>
): ReadonlyArray<{ readonly name: string; readonly path: string | undefined }> =>
  Object.entries(description.paths).flatMap(([path, { get }]) => {
    if (get === undefined || isStream(get)) return []
    const needed = (get.parameters ?? []).filter(({ required }) => required === true)
    const query = needed.filter((parameter) => parameter.in === "query")
    const isKnown = needed.every(({ name, ...parameter }) =>
      parameter.in === "header" || values[name] !== undefined
    )
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "")
    const search = new URLSearchParams(query.map(({ name }) => [name, values[name] ?? ""]))
    return [{ name: path, path: isKnown ? `${filled}?${search.toString()}` : undefined }]
  })

const isStream = ({ responses }: Operation) =>
  Object.keys(responses["200"]?.content ?? {}).includes("text/event-stream")

export interface Description {
  readonly paths: Readonly<Record<string, { readonly get?: Operation }>>
}

interface Operation {
  readonly parameters?: ReadonlyArray<{
    readonly name: string
    readonly in: string
    readonly required?: boolean
  }>
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, unknown>> }>
  >
}
