/**
 * A migrated schema with its roles, and a login role for each of these roles.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { randomUUID } from "node:crypto"
import * as PgRoles from "../../src/layers/postgres/PgRoles.ts"
import * as PgRolesScript from "../../src/layers/postgres/PgRolesScript.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import { asRole } from "./PlainRole.ts"
import * as Postgres from "./Postgres.ts"

export interface Roles {
  readonly schema: string
  /** The database's URL for the login role that has this role and no other. */
  readonly url: (role: PgRoles.Role) => string
  /** The name of the login role. */
  readonly login: (role: PgRoles.Role) => string
  /** Opens a connection of the login role that closes with the scope. */
  readonly as: (role: PgRoles.Role) => ReturnType<typeof connect>
}

/**
 * A superuser makes the roles, because making roles needs an attribute that the plain role lacks.
 */
export const make = Effect.gen(function*() {
  const schema = `t_${randomUUID().replaceAll("-", "").slice(0, 12)}`
  const { url } = yield* Postgres.TestDatabase
  yield* PgSchema.migrate({ schema })
  const everybody = PgRoles.names.flatMap((role) => [login(schema, role), nameOf(schema, role)])
  yield* Effect.acquireRelease(
    Postgres.asAdmin((sql) => run(sql, [...PgRolesScript.statements(schema), ...logins(schema)])),
    () => Effect.orDie(Postgres.asAdmin((sql) => run(sql, everybody.flatMap(farewell))))
  )
  const urlOf = (role: PgRoles.Role) => asRole(url, login(schema, role), password)
  const roles: Roles = {
    schema,
    url: urlOf,
    login: (role) => login(schema, role),
    as: (role) => connect(urlOf(role))
  }
  return roles
})

/** Opens a connection that closes with the scope. */
export const connect = (url: string) =>
  PgClient.makeClient({ url: Redacted.make(url) }).pipe(Effect.provide(Reactivity.layer))

const { nameOf } = PgRoles
const login = (schema: string, role: PgRoles.Role) => `${schema}_${role}_login`
const password = "secret"

const run = (sql: PgClient.PgClient, statements: ReadonlyArray<string>) =>
  Effect.forEach(statements, (text) => sql.unsafe(text).unprepared, { discard: true })

const logins = (schema: string) =>
  PgRoles.names.map((role) =>
    `CREATE ROLE ${login(schema, role)} LOGIN PASSWORD '${password}' IN ROLE ${
      nameOf(schema, role)
    }`
  )

const farewell = (role: string) => [`DROP OWNED BY ${role}`, `DROP ROLE ${role}`]
