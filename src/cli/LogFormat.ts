/**
 * The forms of a line of the log: for people, for tools that read pairs, and for tools that read
 * JSON.
 */
export const formats = ["pretty", "logfmt", "json"] as const

export type LogFormat = (typeof formats)[number]

export type Value = string | number | ReadonlyArray<string>

export interface Line {
  readonly at: Date
  readonly level: string
  readonly text: string
  readonly fields: ReadonlyArray<readonly [name: string, value: Value]>
}

export const line = (format: LogFormat, { at, fields, level, text }: Line): string => {
  const pairs = fields.map(([name, value]) => `${name}=${quoted(value)}`)
  switch (format) {
    case "pretty":
      return [at.toTimeString().slice(0, 8), level.padEnd(5), text, ...pairs].join(" ")
    case "logfmt":
      return [`time=${at.toISOString()}`, `level=${level}`, `msg=${quoted(text)}`, ...pairs]
        .join(" ")
    case "json":
      // An application's field never takes the place of these.
      return JSON.stringify({
        timestamp: at.toISOString(),
        level,
        message: text,
        ...Object.fromEntries(fields.filter(([name]) => !own.has(name)))
      })
  }
}

const own = new Set(["timestamp", "level", "message"])

const quoted = (value: Value): string => {
  const text = Array.isArray(value) ? value.join(",") : String(value)
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
}
