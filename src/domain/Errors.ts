/**
 * Every error that pgq reports. Each class is one fact that a caller can act on.
 */
import { Schema } from "effect"

/** The database refused a statement or could not be reached. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  operation: Schema.String,
  /** Whether a later try may succeed: the connection was lost, or a lock was busy. */
  isTransient: Schema.Boolean,
  /**
   * Whether the statement may have been executed: the connection was lost before the answer came.
   */
  isOutcomeUnknown: Schema.optionalKey(Schema.Boolean),
  /** The server's five-character SQLSTATE, if the server answered. */
  code: Schema.optionalKey(Schema.String),
  detail: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${this.operation}: ${this.detail}`
  }

  /** Whether the server answered with a refusal, so that the connection worked. */
  get isAnswer(): boolean {
    return this.code !== undefined && !/^(08|57P0|E)/.test(this.code)
  }
}

/** The lease of a settlement no longer contains the job, so the settlement changed nothing. */
export class ClaimLost extends Schema.TaggedError<ClaimLost>()("ClaimLost", {
  id: Schema.BigInt,
  lease: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} is no longer in lease ${this.lease}; its outcome was not recorded`
  }
}

/** A payload does not match the schema of its kind. */
export class PayloadInvalid extends Schema.TaggedError<PayloadInvalid>()("PayloadInvalid", {
  name: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `the payload does not fit "${this.name}": ${this.issue}`
  }
}

/** A job that cannot be enqueued: its name, key, payload or a number is out of bounds. */
export class JobInvalid extends Schema.TaggedError<JobInvalid>()("JobInvalid", {
  issue: Schema.String
}) {
  override get message(): string {
    return this.issue
  }
}

/** This version of pgq cannot use the schema in the database. */
export class SchemaUnfit extends Schema.TaggedError<SchemaUnfit>()("SchemaUnfit", {
  schema: Schema.String,
  reason: Schema.Literals(["missing", "foreign", "behind", "ahead", "changed", "renamed"]),
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/** A setting, option or connection string that cannot work. */
export class SettingInvalid extends Schema.TaggedError<SettingInvalid>()("SettingInvalid", {
  setting: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `${this.setting}: ${this.issue}`
  }
}

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
