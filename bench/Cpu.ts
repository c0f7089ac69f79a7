/**
 * The processor time of processes, as Linux counts it.
 */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** Seconds that a process has computed, its children apart. */
export const ofProcess = (pid: number): number => {
  const { own } = statOf(pid)
  return own / ticksPerSecond()
}

/**
 * Seconds that a PostgreSQL server has computed since it started, over all its processes: the
 * sessions, autovacuum, the checkpointer and the others, and those that have ended.
 */
export const ofServer = (backendPid: number): number => {
  const { parent: postmaster } = statOf(backendPid)
  const { ended, own } = statOf(postmaster)
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(statIfThere)
    .filter((stat) => stat?.parent === postmaster)
  const ticks = children.reduce((sum, stat) => sum + (stat?.own ?? 0), own + ended)
  return ticks / ticksPerSecond()
}

interface Stat {
  readonly parent: number
  /** In ticks, as all of them. */
  readonly own: number
  /** Of the children that have ended. */
  readonly ended: number
}

const statOf = (pid: number | string): Stat => {
  // The name, in parentheses, may hold spaces. After it come the state and the parent; user and
  // system time are the 12th and 13th field, those of ended children the 14th and 15th.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")
  return {
    parent: Number(fields[1]),
    own: Number(fields[11]) + Number(fields[12]),
    ended: Number(fields[13]) + Number(fields[14])
  }
}

/** Nothing for a process that has ended meanwhile. */
const statIfThere = (pid: string): Stat | undefined => {
  try {
    return statOf(pid)
  } catch {
    return undefined
  }
}

const ticksPerSecond = () => Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))
