/**
 * Everybody, in the order of the table.
 */
import type { Contender } from "../Contender.ts"
import { bullmqPostgres, bullmqRedis } from "./bullmq.ts"
import { graphile, graphileTuned } from "./graphile.ts"
import { persistedQueue } from "./persistedQueue.ts"
import { pgBoss, pgBossTuned } from "./pgboss.ts"
import { pgq } from "./pgq.ts"
import { plainSql } from "./plainSql.ts"

export const contenders: ReadonlyArray<Contender> = [
  pgq,
  graphileTuned,
  graphile,
  pgBossTuned,
  pgBoss,
  persistedQueue,
  bullmqPostgres,
  bullmqRedis,
  plainSql
]
