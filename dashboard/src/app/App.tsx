/**
 * The frame around each page: where the person is, and how old the figures are.
 */
import type { ComponentType } from "preact"
import { Database } from "../pages/Database.tsx"
import { Failures } from "../pages/Failures.tsx"
import { Job } from "../pages/Job.tsx"
import { Jobs } from "../pages/Jobs.tsx"
import { Lane } from "../pages/Lane.tsx"
import { Lanes } from "../pages/Lanes.tsx"
import { Operation } from "../pages/Operation.tsx"
import { Operations } from "../pages/Operations.tsx"
import { Overview } from "../pages/Overview.tsx"
import { Queue } from "../pages/Queue.tsx"
import { SignIn } from "../pages/SignIn.tsx"
import { Unknown } from "../pages/Unknown.tsx"
import { WorkersPage } from "../pages/WorkersPage.tsx"
import { page } from "../state/route.ts"
import { isUnknown } from "../state/session.ts"
import { Header } from "./Header.tsx"
import { Help } from "./Help.tsx"
import { Lost } from "./Lost.tsx"
import { Rail } from "./Rail.tsx"

const pages: Readonly<Record<string, ComponentType>> = {
  "": Overview,
  queue: Queue,
  job: Job,
  lanes: Lanes,
  lane: Lane,
  workers: WorkersPage,
  database: Database,
  failures: Failures,
  jobs: Jobs,
  operations: Operations,
  operation: Operation
}

export const App = () => {
  const name = page.value
  const known = name === undefined ? undefined : pages[name]
  const Shown = isUnknown.value ? SignIn : known ?? Unknown
  return (
    <>
      <a class="skip" href="#content">Skip to the content</a>
      <Header />
      <Rail />
      <div id="content">
        <Lost />
        <Shown />
      </div>
      <Help />
    </>
  )
}
