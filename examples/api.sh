#!/usr/bin/env bash
# The HTTP API, asked with curl. PGQ_URL names the database.
set -euo pipefail
trap 'kill %1' EXIT

# #region start
pgq api --listen unix:api.sock > api.txt &
# #endregion
until [ -s api.txt ]; do sleep 0.1; done

# #region ask
header=$(tail -n 1 api.txt)   # authorization: Bearer …
api=http://localhost/api/v1
curl -s --unix-socket api.sock -H "$header" $api/session
curl -s --unix-socket api.sock -H "$header" -H 'x-pgq: 1' -H 'content-type: application/json' \
  -d '{"jobs": [{"name": "greet", "payload": {"to": "Ada"}, "delaySeconds": 3600}]}' $api/jobs
# #endregion
