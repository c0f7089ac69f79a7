/**
 * A role whose only attribute is LOGIN, as managed servers give one to their users.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { randomBytes } from "node:crypto"

/** Makes the role. Answers with the superuser's URL, changed to this role. */
export const make = (admin: string) => Effect.scoped(Effect.flatMap(connect(admin), create(admin)))

/**
 * Makes the role and gives it the database in the URL. Answers with the URL, changed to this role.
 */
export const owner = Effect.fnUntraced(function*(admin: string) {
  const sql = yield* connect(admin)
  const url = yield* create(admin)(sql)
  const database = decodeURIComponent(new URL(admin).pathname.slice(1))
  yield* sql`ALTER DATABASE ${sql(database)} OWNER TO ${sql(role)}`.unprepared
  return url
}, Effect.scoped)

const role = "pgq_plain"

const connect = (url: string) =>
  PgClient.makeClient({ url: Redacted.make(url) }).pipe(Effect.provide(Reactivity.layer))

const create = (admin: string) => (sql: PgClient.PgClient) => {
  const password = randomBytes(12).toString("hex")
  return Effect.as(
    sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`).unprepared,
    asRole(admin, role, password)
  )
}

/** The URL of the same server and database for another role. */
export const asRole = (url: string, name: string, password: string): string => {
  const changed = new URL(url)
  if (changed.searchParams.has("user")) {
    changed.searchParams.set("user", name)
    changed.searchParams.set("password", password)
  } else {
    changed.username = name
    changed.password = password
  }
  return changed.href
}

/** The role that a URL names. */
export const nameIn = (url: string): string => {
  const { searchParams, username } = new URL(url)
  return searchParams.get("user") ?? username
}
