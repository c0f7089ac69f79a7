/**
 * The key of a lane, which leads to it.
 */
import { to } from "../state/route.ts"

export const LaneLink = ({ of: { key, queue } }: {
  readonly of: { readonly queue: string; readonly key: string }
}) => <a class="key" href={to("lane", { queue, key })}>{key}</a>
