#!/usr/bin/env bash
# The jobs of one database, dumped and restored into another one, where pgq migrate has made the schema.
set -euo pipefail

# #region dump
pg_dump -d "$FIRST" --data-only --load-via-partition-root -t 'pgq.*jobs*' -t pgq.pauses -t pgq.set_aside \
  -f jobs.sql
# #endregion

# #region restore
psql -d "$SECOND" -v ON_ERROR_STOP=1 -1 \
  -c 'alter table pgq.jobs disable trigger user' -f jobs.sql \
  -c 'alter table pgq.jobs enable trigger user' -c 'select pgq.mend()'
# #endregion
