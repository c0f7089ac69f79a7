/**
 * Pid files, and the fingerprint that tells a valid pid file from a stale one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import * as PidFile from "../../src/domain/PidFile.ts"

const file: PidFile.PidFile = {
  pid: 4711,
  fingerprint: PidFile.fingerprintOf(["12345", "boot"]),
  probes: Option.none()
}

/** The fields of `/proc/PID/stat` from the fourth on. The value of each field is its number. */
const fields = Array.from({ length: 49 }, (_, index) => String(index + 4)).join(" ")

describe("PidFile", () => {
  it("puts the pid alone on the first line", () => {
    assert.strictEqual(PidFile.format(file).split("\n")[0], "4711")
  })

  it.each([
    file,
    { ...file, probes: Option.some({ host: "::1", port: 7471 }) },
    { ...file, probes: Option.some({ path: "/run/my pgq.sock" }) }
  ])("reads back what it wrote", (file) => {
    assert.deepStrictEqual(PidFile.parse(PidFile.format(file)), Result.succeed(file))
  })

  it.each([
    ["", "is empty"],
    ["\n", "is empty"],
    ["4711\n", "is not a pid file of pgq"],
    ["root:x:0:0\n", "is not a pid file of pgq"],
    ["-1\npgq:0123456789abcdef\n", "is not a pid file of pgq"],
    ["0\npgq:0123456789abcdef\n", "is not a pid file of pgq"],
    ["99999999999\npgq:0123456789abcdef\n", "is not a pid file of pgq"],
    ["4711\npgq:0123\n", "is not a pid file of pgq"],
    ["4711\npgq:0123456789abcdef\nmore\n", "is not a pid file of pgq"],
    ["4711\npgq:0123456789abcdef\nprobes 7471\n", "is not a pid file of pgq"],
    ["4711\npgq:0123456789abcdef\nprobes unix:\n", "is not a pid file of pgq"]
  ])("refuses %j", (text, issue) => {
    assert.deepStrictEqual(PidFile.parse(text), Result.fail(issue))
  })

  it("gives different processes different fingerprints", () => {
    const fingerprints = [["1", "boot"], ["2", "boot"], ["1", "other boot"], ["1b", "oot"]]
    assert.strictEqual(new Set(fingerprints.map(PidFile.fingerprintOf)).size, 4)
  })

  it("finds the start time behind a program's name with brackets and spaces", () => {
    assert.strictEqual(PidFile.startTimeOf(`4711 (a ) R 1 (b) S ${fields}\n`), "22")
  })

  it("finds no start time of a process that only waits to be reaped", () => {
    assert.isUndefined(PidFile.startTimeOf(`4711 (node) Z ${fields}\n`))
  })
})
