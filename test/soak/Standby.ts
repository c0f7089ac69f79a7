/**
 * A standby that follows a server by streaming, until it takes the server's place.
 */
import { Effect, Schedule } from "effect"
import { execFile, spawn } from "node:child_process"
import {
  appendFileSync,
  chownSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { exited, spawnOptions } from "../../src/layers/embedded/Host.ts"
import * as Database from "./Database.ts"

export interface Standby {
  /** From now on, commits of the server wait for the standby. */
  readonly synchronous: Effect.Effect<void>
  /** Waits until the standby has all commits of the server up to now. */
  readonly caughtUp: Effect.Effect<void>
  readonly stop: Effect.Effect<void>
  /**
   * Replaces the server's data with the standby's, once neither of the two runs. The next start is
   * read-only.
   */
  readonly replace: Effect.Effect<void>
}

export interface Primary {
  readonly url: string
  readonly pid: number
  /** The folder that an embedded server was opened with. */
  readonly dataDir: string
}

/** Copies the running server and starts the copy. Answers once the copy streams. */
export const open = Effect.fnUntraced(function*({ dataDir, pid, url }: Primary) {
  const data = join(dataDir, "cluster", "data")
  const copy = join(dataDir, "cluster", "standby")
  yield* copied({ url, data, copy })
  const { gid, uid } = statSync(data)
  const give = (name: string, text: string) => {
    writeFileSync(join(copy, name), text)
    chownSync(join(copy, name), uid, gid)
  }
  give("standby.signal", "")
  const { password, searchParams, username } = new URL(url)
  const folder = searchParams.get("host") ?? ""
  const secret = searchParams.get("password") ?? password
  const user = searchParams.get("user") ?? username
  const primary = `host=${folder} port=5432 user=${user} password=${secret}`
  const settings = join(copy, "postgresql.auto.conf")
  const before = readFileSync(settings, "utf8")
  appendFileSync(settings, `primary_conninfo = '${primary}'\nprimary_slot_name = '${slot}'\n`)

  const log = openSync(join(dataDir, "standby.log"), "a")
  const flags = { port: "5433", listen_addresses: "", unix_socket_directories: `"${folder}"` }
  const child = spawn(readlinkSync(`/proc/${pid}/exe`), [
    "-D",
    copy,
    ...Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  ], { ...spawnOptions({ uid, gid }), stdio: ["ignore", log, log] })
  yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGQUIT")))
  yield* until(url, "state = 'streaming'")

  const standby: Standby = {
    synchronous: Effect.andThen(
      Database.ask(url, (sql) =>
        Effect.andThen(
          sql.unsafe("ALTER SYSTEM SET synchronous_standby_names = '*'").unprepared,
          sql`SELECT pg_reload_conf()`
        )),
      until(url, "sync_state = 'sync'")
    ),
    caughtUp: Effect.flatMap(
      Database.ask(
        url,
        (sql) => sql<{ lsn: string }>`SELECT pg_current_wal_flush_lsn()::text AS lsn`
      ),
      ([row]) => until(url, `flush_lsn >= '${row?.lsn}'`)
    ),
    stop: Effect.suspend(() => {
      child.kill("SIGINT")
      return exited(child)
    }),
    replace: Effect.sync(() => {
      writeFileSync(settings, before)
      rmSync(data, { recursive: true })
      renameSync(copy, data)
    })
  }
  return standby
})

const slot = "standby"

/** A base backup without the write-ahead log, which the standby will stream. */
const copied = ({ copy, data, url }: {
  readonly url: string
  readonly data: string
  readonly copy: string
}) =>
  Effect.gen(function*() {
    const sql = yield* Database.connect(url)
    yield* sql`SELECT FROM pg_create_physical_replication_slot(${slot}, true)`
    yield* sql`SELECT FROM pg_backup_start('soak', true)`
    yield* shell(
      `
      mkdir -m 700 "$2" && chown --reference="$1" "$2" &&
      tar -C "$1" --exclude='./pg_wal/*' --exclude='./pg_replslot/*' --exclude=./postmaster.pid \
        --exclude=./postmaster.opts --warning=no-file-changed --ignore-failed-read -cf - . |
      tar -C "$2" -xpf -
      mkdir -p -m 700 "$2/pg_wal/archive_status" "$2/pg_wal/summaries"
      chown -R --reference="$1" "$2/pg_wal"
    `,
      [data, copy]
    )
    const [backup] = yield* sql<{ label: string }>`
      SELECT labelfile AS label FROM pg_backup_stop(false)
    `
    writeFileSync(join(copy, "backup_label"), backup?.label ?? "")
    const { gid, uid } = statSync(data)
    chownSync(join(copy, "backup_label"), uid, gid)
  }).pipe(Effect.scoped, Effect.orDie)

const shell = (script: string, args: ReadonlyArray<string>) =>
  Effect.callback<void>((resume) => {
    execFile("sh", ["-c", script, "sh", ...args], (error, _stdout, stderr) => {
      resume(error === null ? Effect.void : Effect.die(new Error(stderr || error.message)))
    })
  })

/** Waits until the primary has a standby that meets the condition. */
const until = (url: string, condition: string) =>
  Database.ask(
    url,
    (sql) => sql.unsafe(`SELECT FROM pg_stat_replication WHERE ${condition}`).unprepared
  ).pipe(
    Effect.filterOrFail((rows) => rows.length > 0),
    Effect.retry(Schedule.upTo(Schedule.spaced("50 millis"), { duration: "60 seconds" })),
    Effect.orDie,
    Effect.asVoid
  )
