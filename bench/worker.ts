/**
 * A peer's worker process: `node worker.ts PEER OPTIONS`. It works until it is killed.
 */
import type { PeerOptions } from "./Contender.ts"

const [, , peer, options] = process.argv
const { work }: { work: (options: PeerOptions) => Promise<unknown> } = await import(
  `./workers/${peer}.ts`
)
await work(JSON.parse(options!))
