/**
 * The text of a unique key that is made from a payload, as `unique_key` in `sql/0016_unique.sql`
 * makes it: the text that PostgreSQL gives to `jsonb`. A store without a database needs it.
 */
import type { Wish } from "./Unique.ts"

/** The key of a job in its name, whatever its length. `payload` is JSON text. */
export const of = ({ isScoped, key }: Wish, payload: string, queue: string): string => {
  const text = typeof key === "string" ? key : ofFields(key, JSON.parse(payload))
  return isScoped ? `${JSON.stringify(queue)} ${text}` : text
}

const ofFields = (fields: ReadonlyArray<string>, payload: unknown): string => {
  const [first, ...others] = fields
  if (first === undefined) return text(payload)
  return others.length === 0
    ? text(member(payload, first))
    : text(fields.map((field) => member(payload, field)))
}

const member = (payload: unknown, field: string): unknown =>
  isRecord(payload) && Object.hasOwn(payload, field) ? payload[field] : null

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** JSON as `jsonb` writes it: short names first, equally long ones by their bytes. */
export const text = (value: unknown): string => {
  if (typeof value === "number") return digits(value)
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .map((name) => ({ name, bytes: Buffer.from(name) }))
    .toSorted((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => `${JSON.stringify(name)}: ${text(value[name])}`)
  return `{${members.join(", ")}}`
}

/** A number without an exponent. */
const digits = (value: number): string => {
  const [mantissa = "", exponent] = String(value).split("e")
  if (exponent === undefined) return value === 0 ? "0" : mantissa
  const [, sign = "", whole = "", rest = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(mantissa) ?? []
  const shift = Number(exponent)
  return shift < 0
    ? `${sign}0.${"0".repeat(-shift - whole.length)}${whole}${rest}`
    : `${sign}${whole}${rest}${"0".repeat(shift - rest.length)}`
}
