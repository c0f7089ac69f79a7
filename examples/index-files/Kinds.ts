/**
 * The two kinds of jobs: one for each file, and one for each folder.
 */
import { Schema } from "effect"
import { Job } from "pgq"

export const IndexFile = Job.make("index-file", {
  payload: Schema.Struct({ folder: Schema.String, path: Schema.String }),
  maxAttempts: 1
})

export const ReportFolder = Job.make("report-folder", {
  payload: Schema.Struct({ folder: Schema.String, files: Schema.Int }),
  maxAttempts: 1
})
