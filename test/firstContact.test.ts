/**
 * The first commands of the README, in an empty folder and without a database.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { regionOf } from "./support/Regions.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-first-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
)

/**
 * A replacement for `npm install`. It links this checkout as `pgq`, and the checkout's packages as
 * the other packages.
 */
const npm = (root: string) =>
  `#!/bin/sh
set -e
shift
mkdir -p node_modules/.bin
ln -s "${root}" node_modules/pgq
printf '#!/bin/sh\nexec node "%s" "$@"\n' "${root}/dist/cli/bin.js" > node_modules/.bin/pgq
chmod +x node_modules/.bin/pgq
for name in "$@"; do
  [ -e "node_modules/$name" ] || [ ! -e "${root}/node_modules/$name" ] && continue
  mkdir -p "$(dirname "node_modules/$name")"
  ln -s "${root}/node_modules/$name" "node_modules/$name"
done
`

describe("first contact", () => {
  it("takes the first screen of the README", () => {
    const screen = readFileSync("README.md", "utf8").split("\n").slice(0, 25).join("\n")
    assert.include(screen, regionOf("examples/first.sh#first"))
  })

  it.live("runs a job before anything is set up", () =>
    Effect.gen(function*() {
      const data = yield* temporary
      const path = yield* temporary
      mkdirSync(join(path, "bin"))
      writeFileSync(join(path, "bin", "npm"), npm(resolve(".")), { mode: 0o755 })

      const ended = yield* Effect.callback<Ended>((resume) => {
        const child = execFile("bash", [resolve("examples/first.sh")], {
          cwd: path,
          timeout: 90_000,
          env: {
            PATH: [join(path, "bin"), process.env["PATH"]].join(delimiter),
            HOME: path,
            PGQ_DATA_DIR: data
          }
        }, (error, stdout, stderr) => resume(Effect.succeed({ error, stdout, stderr })))
        return Effect.sync(() => child.kill())
      })

      assert.isNull(ended.error, ended.stderr)
      assert.strictEqual(ended.stdout, "1\n")
      assert.match(ended.stderr, /^hello Ada$/m)
    }), 120_000)
})

interface Ended {
  readonly error: Error | null
  readonly stdout: string
  readonly stderr: string
}
