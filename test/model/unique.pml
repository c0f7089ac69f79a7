/* One unique key, as sql/0016_unique.sql keeps it: two offers that replace, one worker that claims
   and settles twice, and a redrive of what has ended.

   What is committed is global; each look is one step, and a lock waits. `has` is the unique index:
   `mine[j]` says who has written an entry of it and not committed.

   Jobs 0 and 1 are those of the offers 0 and 1. A value is the number of an offer. */

#define NOBODY 9
#define NONE 9
/* Transactions by who runs them: offers 0 and 1, then these. */
#define WORKER 2
#define REDRIVER 3

#define ABSENT 0
#define THERE 1
#define GONE 2

byte state[2];
byte value[2] = NONE;            /* the committed payload */
bit has[2];                      /* the committed entry of the index: the job has the key */
byte locker[2] = NOBODY;         /* who locks the row, or adds it */
bit leased[2];                   /* the committed leases */
bit past[2];                     /* the key in the history of an ended job */
bit accepted[2];                 /* the offer was told that its value will run */
bit over[2];                     /* the value has run, or another one that was accepted took its place */
byte done;                       /* the offers that were answered */

bit adds[2];                     /* the locker adds the row, or takes its key from it */

#define IS_TAKEN (has[0] || has[1])
#ifdef NO_INDEX
#define IS_SURE(me) true
#else
/* The index waits for the entry of another transaction that is not committed. */
#define UNSURE(me, j) (locker[j] != NOBODY && locker[j] != me && adds[j])
#define IS_SURE(me) (!UNSURE(me, 0) && !UNSURE(me, 1))
#endif
#define HOLDER (has[0] -> 0 : (has[1] -> 1 : NONE))

#define CHECK assert(!(has[0] && has[1]))

proctype Offer(byte me) {
  byte holder, was;
  bit isLeased;
  byte rounds;

 round:
#ifdef ONE_ROUND
  assert(rounds == 0);
  rounds = 1;
#endif
  /* INSERT ... ON CONFLICT DO NOTHING */
  if
  :: atomic { IS_SURE(me) && !IS_TAKEN ->
       locker[me] = me; adds[me] = 1 };
     atomic {
       state[me] = THERE; has[me] = 1; value[me] = me; accepted[me] = 1;
       locker[me] = NOBODY; adds[me] = 0; CHECK; goto answered
     }
  :: atomic { IS_SURE(me) && IS_TAKEN -> holder = HOLDER }
  fi;
#ifdef LOOKS_FIRST
  isLeased = leased[holder];
#endif
  /* SELECT ... FOR UPDATE: the row is looked at again once it is locked. */
  atomic { locker[holder] == NOBODY ->
    if :: state[holder] == THERE && has[holder] -> locker[holder] = me
       :: else -> holder = NONE fi };
  if :: holder == NONE -> goto round :: else fi;
#ifndef LOOKS_FIRST
  isLeased = leased[holder];
#endif
  if
  :: isLeased ->
     /* The holder gives its key away, in the transaction that adds the next job. */
     adds[holder] = 1;
     atomic { locker[me] = me; adds[me] = 1 };
     atomic {
       has[holder] = 0; locker[holder] = NOBODY; adds[holder] = 0;
       state[me] = THERE; has[me] = 1; value[me] = me; accepted[me] = 1;
       locker[me] = NOBODY; adds[me] = 0; CHECK
     }
  :: else ->
     atomic {
       was = value[holder]; value[holder] = me; accepted[me] = 1; over[was] = 1;
       locker[holder] = NOBODY; CHECK
     }
  fi;

 answered:
  done++
}

/* Takes each job that is there and in no lease; a run uses the value that the claim has read. */
proctype Worker() {
  byte j, read;
  bit isLeft;
 end:
  do
  :: atomic {
       if
       :: state[0] == THERE && locker[0] == NOBODY && !leased[0] -> j = 0
       :: state[1] == THERE && locker[1] == NOBODY && !leased[1] -> j = 1
       fi;
       locker[j] = WORKER
     };
     atomic { leased[j] = 1; read = value[j]; locker[j] = NOBODY };
     /* It runs, and fails; its end frees the key. */
     atomic { over[read] = 1; locker[j] == NOBODY -> locker[j] = WORKER; adds[j] = has[j] };
     atomic {
       state[j] = GONE; past[j] = has[j]; has[j] = 0; leased[j] = 0; locker[j] = NOBODY; adds[j] = 0
     }
  od
}

/* redrive(): a conflict changes nothing. */
proctype Redriver() {
  byte j, left = 2;
 end:
  do
  :: atomic {
       if
       :: left > 0 && state[0] == GONE && locker[0] == NOBODY -> j = 0
       :: left > 0 && state[1] == GONE && locker[1] == NOBODY -> j = 1
       fi;
       left--
     };
     /* A look, and then an insert, which may meet a conflict all the same. */
     if
     :: past[j] && IS_TAKEN -> skip
     :: else ->
        atomic { !past[j] || IS_SURE(REDRIVER) ->
#ifndef NO_INDEX
          if :: past[j] && IS_TAKEN -> goto next :: else fi;
#endif
          locker[j] = REDRIVER; adds[j] = past[j]
        };
        atomic { state[j] = THERE; has[j] = past[j]; locker[j] = NOBODY; adds[j] = 0; CHECK }
     fi;
 next:
     skip
  od
}

/* What was accepted has run, or something that was accepted later has taken its place. */
proctype Checker() {
  atomic { done == 2 && state[0] != THERE && state[1] != THERE ->
    assert((!accepted[0] || over[0]) && (!accepted[1] || over[1])) }
}

init {
  atomic { run Offer(0); run Offer(1); run Worker(); run Redriver(); run Checker() }
}
