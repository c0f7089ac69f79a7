import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as JobQueryMatch from "../../src/domain/JobQueryMatch.ts"
import * as JobQueryText from "../../src/domain/JobQueryText.ts"

const parsed = (text: string) => Result.getOrThrow(JobQueryText.parse(text))

const now = Date.UTC(2030, 0, 31, 2, 30)
const hour = 3_600_000

const job: JobQueryMatch.Searched = {
  id: 42n,
  state: "running",
  queue: "mail",
  name: "send-mail",
  key: "customer 7",
  priority: -3,
  attempt: 2,
  worker: { id: "0a1b", label: "web-1" },
  at: now - 2 * hour,
  error: "Time out\n at x",
  payload:
    "{\"to\": \"ada@example.com\", \"a\": {\"b\": 1.0}, \"n\": 12345678901234567890, \"n2\": \"7\"}"
}

const finds = (text: string, one = job) => JobQueryMatch.fits(parsed(text), now)(one)

describe("a search", () => {
  it.each([
    "",
    "42",
    "id:7..90",
    "state:ready,running",
    "queue:mail key:\"customer 7\"",
    "name:send-*",
    "name:*mail",
    "name:*-*",
    "name:s*d-*l",
    "name:send-mail*",
    "priority:<0 attempt:2",
    "worker:web-*",
    "worker:0a1b",
    "older:2h since:2h",
    "since:00:30",
    "since:03:00",
    "error:\"time OUT\"",
    "text:ADA",
    "text:\"at x\"",
    "payload.to:ada@example.com payload.a.b:1",
    "payload.n:12345678901234567890 payload.n2:\"7\""
  ])("finds a job by %s", (text) => assert.isTrue(finds(text)))

  it.each([
    "43",
    "id:>42",
    "state:ready",
    "queue:mails",
    "name:send",
    "name:\"send-*\"",
    "name:send*mail*mail",
    "name:send-mail*l",
    "priority:>=-2",
    "worker:web",
    "older:121m",
    "since:119m",
    "since:00:31",
    "since:02:00",
    "error:timeout",
    "text:bob",
    "payload.to:ada",
    "payload.a:1",
    "payload.a.b.c:1",
    "payload.n:12345678901234567891",
    "payload.n2:7",
    "queue:mail key:other"
  ])("does not find it by %s", (text) => assert.isFalse(finds(text)))

  it("takes a time of the day for the last one", () => {
    assert.deepStrictEqual(JobQueryMatch.timesOf(parsed("since:03:00 older:1h"), now), {
      from: Date.UTC(2030, 0, 30, 3),
      to: now - hour
    })
  })

  it("finds no worker of a job that none has, and no error where there is none", () => {
    const waiting = { ...job, worker: undefined, error: undefined, key: undefined }
    for (const text of ["worker:*", "error:t", "key:x", "text:\"at x\""]) {
      assert.isFalse(finds(text, waiting), text)
    }
  })

  it("asks PostgreSQL for the same", () => {
    assert.strictEqual(JobQueryMatch.like(["50%_", "\\", ""]), "50\\%\\_%\\\\%")
    assert.strictEqual(
      JobQueryMatch.contained({ path: ["a\"", "b"], value: "1.0" }),
      "{\"a\\\"\":{\"b\":1.0}}"
    )
  })
})
