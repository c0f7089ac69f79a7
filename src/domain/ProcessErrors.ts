/**
 * The errors of a process that runs pgq: its embedded server, its job script and its pid file.
 */
import { Schema } from "effect"

/** The private PostgreSQL server did not start, stop or answer. */
export class EmbeddedServerFailed
  extends Schema.TaggedError<EmbeddedServerFailed>()("EmbeddedServerFailed", {
    detail: Schema.String
  })
{
  override get message(): string {
    return `embedded PostgreSQL: ${this.detail}`
  }
}

/** The job script could not be read, threw, or does not export what it must. */
export class ScriptInvalid extends Schema.TaggedError<ScriptInvalid>()("ScriptInvalid", {
  path: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `job script ${this.path}: ${this.issue}`
  }
}

/** The pid file names no pgq process that runs, or cannot be written. */
export class PidFileInvalid extends Schema.TaggedError<PidFileInvalid>()("PidFileInvalid", {
  path: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `pid file ${this.path}: ${this.issue}`
  }
}
