/**
 * Mutants of the live view in the terminal.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofTop: ReadonlyArray<Mutant> = [
  {
    name: "top-that-asks-why-in-no-transaction",
    of: "looksReadOnly",
    changes: [{
      file: "src/cli/top/Looks.ts",
      from: `BoundedReads.within(sql, "why", reasons)`,
      to: "reasons"
    }],
    by: [test("cli/topLooks", "asks why in a transaction that can write nothing")]
  },
  {
    name: "top-that-looks-as-often-as-it-can",
    of: "looksAreRare",
    changes: [{
      file: "src/cli/top/Looks.ts",
      from: "Math.max(interval, Math.min(cost * 20, delayMax))",
      to: "interval"
    }],
    by: [test("cli/top/keys", "take no more than a twentieth of the time")]
  },
  {
    name: "top-that-crashes-on-the-other-screen",
    of: "terminalAsItWas",
    changes: [{
      file: "src/cli/top/Screen.ts",
      from: `process.on("exit", restore)`,
      to: ""
    }],
    by: [test("cli/top", "gives the terminal back before an error is printed")]
  },
  {
    name: "top-that-ends-on-the-other-screen",
    of: "terminalAsItWas",
    changes: [{
      file: "src/cli/top/Screen.ts",
      from: `process.off("exit", restore)
        restore()`,
      to: `process.off("exit", restore)`
    }],
    by: [test("cli/top", "leaves the terminal as it was")]
  },
  {
    name: "top-that-prints-names-as-they-are",
    of: "printableNames",
    changes: [{
      file: "src/cli/Cells.ts",
      from: String.raw`/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu`,
      to: String.raw`/[\p{Zl}\p{Zp}\p{Cs}]/gu`
    }],
    by: [test("cli/top/frames", "has no character that a terminal obeys")]
  }
]
