/**
 * What is to be known of one file.
 */
import { createHash } from "node:crypto"

export interface FileFacts {
  readonly lines: number
  readonly words: number
  readonly bytes: number
  readonly sha256: string
  /** The modules it imports, each once. */
  readonly imports: ReadonlySet<string>
}

export const measure = (content: Uint8Array): FileFacts => {
  const text = new TextDecoder().decode(content)
  return {
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    words: text.match(/\S+/g)?.length ?? 0,
    bytes: content.byteLength,
    sha256: createHash("sha256").update(content).digest("hex"),
    imports: new Set(Array.from(text.matchAll(imported), ([, module]) => module!))
  }
}

// Statements begin a line; the imports in comments, which are examples, do not.
const imported = /^(?:import|export)\s(?:[^"';]*?\sfrom\s+)?["']([^"'\n]+)["']/gm
