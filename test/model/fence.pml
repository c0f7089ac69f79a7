/* One job, its lease, and workers that may stop for ever between any two steps: the fence of settle().

   A settlement is a message: it may arrive late, more than once, and after later ones. The reaper may
   take a lease at any time. With FAILOVER the database may once be set back by a transaction. */

#ifndef CLAIMS
#define CLAIMS 4
#endif
#define SLOTS 5         /* CLAIMS + 1 */

byte lease;             /* the id of the lease that names the job; 0 is none */
byte attempt;
bit finished;
byte accepted;          /* the claims whose settlement was taken, as a set */

byte beforeLease, beforeAttempt, beforeAccepted;
bit beforeFinished;

byte claims;            /* ids are random: none comes twice, not even after a failover */
byte attemptOf[SLOTS];
byte outcome[SLOTS];    /* what was sent; 0 is nothing yet */
#define COMPLETED 1
#define RELEASED 2

#if defined(BY_STATE)
#define HOLDS(id) (lease != 0)
#elif defined(BY_ATTEMPT)
#define HOLDS(id) (lease != 0 && attempt == attemptOf[id])
#elif defined(BY_ROW)
#define HOLDS(id) (!finished)
#else
#define HOLDS(id) (lease == id)
#endif

inline remember() {
  beforeLease = lease; beforeAttempt = attempt; beforeFinished = finished; beforeAccepted = accepted
}

active [2] proctype Worker() {
  byte mine;
  do
  :: atomic { !finished && lease == 0 && claims < CLAIMS ->
       remember(); claims++; lease = claims; attempt++; mine = claims; attemptOf[mine] = attempt };
     /* It runs, for as long as it likes. */
     atomic { if :: outcome[mine] = COMPLETED :: outcome[mine] = RELEASED fi; mine = 0 }
  :: atomic { finished || claims == CLAIMS -> break }
  od
}

active proctype Network() {
  byte id;
 end:
  do
  :: atomic {
       if :: outcome[1] != 0 -> id = 1 :: outcome[2] != 0 -> id = 2
          :: outcome[3] != 0 -> id = 3 :: outcome[4] != 0 -> id = 4 fi;
       if
       :: HOLDS(id) ->
          /* It is the one that holds the job, and is taken once. */
          assert(lease == id && !finished && !((accepted >> id) & 1));
          remember();
          accepted = accepted | (1 << id); lease = 0;
          if :: outcome[id] == COMPLETED -> finished = 1 :: else fi
       :: else
       fi;
       id = 0
     }
  od
}

active proctype Reaper() {
 end:
  do
  :: atomic { lease != 0 -> remember(); lease = 0 }
  od
}

#ifdef FAILOVER
active proctype Failover() {
 end:
  atomic { claims > 0 ->
    lease = beforeLease; attempt = beforeAttempt; finished = beforeFinished; accepted = beforeAccepted }
}
#endif
