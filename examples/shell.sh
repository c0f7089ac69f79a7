#!/usr/bin/env bash
# The command line, from an empty database to a stopped queue. PGQ_URL names the database.
set -euo pipefail

# #region migrate
pgq migrate
# #endregion

# #region enqueue
pgq enqueue 'A job' '{"arg0": "val0"}'
pgq enqueue 'A job' --key customer-7 --priority 10 --delay 1s
pgq enqueue --from jobs.ndjson
# #endregion

# #region why
pgq why 2
pgq why --queue default
# #endregion

# #region by-hand
pgq edit 2 --delay 1s --priority 20 --expires-in 1d
pgq discard 3
pgq retry 3
# #endregion

# #region pause
pgq pause mail --for 1h --reason 'the mail server is down'
pgq pause '*' --name 'A job'
pgq pauses
pgq resume mail
pgq resume '*' --name 'A job'
# #endregion

# #region check
pgq check
# #endregion

# #region cancel
pgq cancel 2 --reason 'ordered twice'
pgq cancel --queue default --key customer-7 --state waiting --yes
# #endregion

# #region start
pgq start -w 5 -f jobs.ts -a world -p app.pid &
# #endregion

for _ in $(seq 100); do pgq status | grep -q row-lock && break || sleep 0.1; done

# #region status
pgq status
pgq status -p app.pid
# #endregion

# #region jobs
pgq jobs state:failed since:1d
pgq jobs 'key:"customer 7" name:send-*'
# #endregion

# #region lane
pgq lane default customer-7
# #endregion

# #region plan
pgq plan retry 'state:cancelled since:1h'
# #endregion

# #region failed
pgq failed --groups
pgq failed --since 1d
pgq retry --name 'A job' --since 1d --yes
# #endregion

# #region stop
pgq stop -p app.pid drain --wait 30s
# #endregion

wait

# #region unique
pgq enqueue sync-user '{"userId": "u-7"}' --unique u-7 --mode replace --within 1h
# #endregion
