/**
 * What the jobs do: read a file and note its facts, or report on a folder whose files are done.
 */
import { Effect, FileSystem, Layer } from "effect"
import { Failure } from "./Failure.ts"
import { measure } from "./FileFacts.ts"
import { Journal } from "./Journal.ts"
import { IndexFile, ReportFolder } from "./Kinds.ts"

const IndexFileLive = IndexFile.toLayer(Effect.fnUntraced(function*({ folder, path }, job) {
  const files = yield* FileSystem.FileSystem
  const journal = yield* Journal
  yield* files.readFile(path).pipe(
    Effect.flatMap((content) => journal.add(folder, measure(content))),
    journal.during(folder, job)
  )
}))

/** Nothing tells it that the files are done but its place in the order of their key. */
const ReportFolderLive = ReportFolder.toLayer(Effect.fnUntraced(function*({ files, folder }, job) {
  const journal = yield* Journal
  const { orderIssue } = yield* journal.report(folder, files).pipe(journal.during(folder, job))
  if (orderIssue !== undefined) {
    return yield* new Failure({ message: `out of order in ${folder}: ${orderIssue}` })
  }
}))

export const layer = Layer.merge(IndexFileLive, ReportFolderLive)
