#!/usr/bin/env bash
# The commands of docs/guides/moving.md.
set -euo pipefail

# #region graphile-dry-run
psql "$DATABASE_URL" -X -v dry_run=1 -f graphile-worker.sql
# #endregion

# #region graphile-move
psql "$DATABASE_URL" -X -f graphile-worker.sql
# #endregion

# #region graphile-undo
psql "$DATABASE_URL" -X -f graphile-worker-undo.sql
# #endregion

# #region pg-boss-dry-run
psql "$DATABASE_URL" -X -v dry_run=1 -f pg-boss.sql
# #endregion

# #region pg-boss-move
psql "$DATABASE_URL" -X -f pg-boss.sql
# #endregion

# #region pg-boss-undo
psql "$DATABASE_URL" -X -f pg-boss-undo.sql
# #endregion

# #region bullmq-dry-run
node bullmq.mjs mail --dry-run
# #endregion

# #region bullmq-move
node bullmq.mjs mail
# #endregion

# #region bullmq-undo
node bullmq.mjs mail --undo
# #endregion
