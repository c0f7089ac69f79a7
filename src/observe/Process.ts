/**
 * The parts of `pgq start` that a process loads only if somebody observes it.
 */
export { listen } from "./Listener.ts"
export { merged } from "./MergedText.ts"
export { prometheus } from "./Metrics.ts"
export { layer as producer } from "./Producer.ts"
