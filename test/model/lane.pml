/* One lane as sql/ builds it: heads, markers, claims, leases, settlements, death.

   What is committed is global. A statement's look is one step of its own; a row lock waits or is
   skipped, and what was locked is looked at again (EvalPlanQual). `undo` holds what a transaction
   has changed and not yet committed. See docs/internals/models.md for each simplification.

   Jobs 0, 1, ... were created in this order; the last one is more urgent than all of them. */

#ifndef NJ
#define NJ 3            /* jobs */
#endif
#ifndef RUN
#define RUN 0           /* how many more jobs of the lane a claim may take along */
#endif
#ifndef STALLS
#define STALLS 0        /* leases taken from workers that live */
#endif
#ifndef DEATHS
#define DEATHS 0        /* workers killed while they hold a lease */
#endif
#ifndef RETRIES
#define RETRIES 0       /* jobs that go back undone: retried, snoozed, released; a cancelled one
                           leaves its lane as a completed one does */
#endif
#ifndef ABORTS
#define ABORTS 0        /* claims and settlements that fail and roll back */
#endif
#ifndef DELETES
#define DELETES 0       /* waiting jobs deleted by hand, or changed in a way that moves no lane */
#endif
#ifndef CANCELS
#define CANCELS 0       /* jobs cancelled as they wait or run */
#endif
#ifndef PAUSES
#define PAUSES 0        /* pauses of the name of job 0; the other jobs have other names */
#endif
#ifndef EXPIRIES
#define EXPIRIES 0      /* jobs that expire before a worker has them */
#endif
#ifndef REDRIVES
#define REDRIVES 0      /* jobs that have ended and are queued again */
#endif
#ifndef COMMITS
#define COMMITS 0       /* runs whose transaction completes their job, and may add the last job */
#endif
#ifndef LOSSES
#define LOSSES 0        /* markers that are gone: a table truncated by hand, a restore */
#endif
/* BOUNDED: a claim may look at other lanes first, or take only some of the lane's markers. */

#define NW 2
#define NOBODY 9
#define NONE 9
/* Transactions by who runs them: workers 0 and 1, then these. */
#define RESCUER 2
#define PROMOTER 3
#define SOMEBODY 4
#define CANCELLER 5
#define SWEEPER 6
#define UNPAUSER 7

#define ABSENT 0        /* not committed yet */
#define WAITING 1
#define READY 2
#define RETRY 3
#define SCHEDULED 4
#define GONE 5
#define SAME 6          /* locked, but not changed */

#define ASIDE 7         /* of a paused name, and the head of its lane */

#define IS_HEAD(s) ((s) == READY || (s) == RETRY || (s) == ASIDE)
#define RANK(j) ((j) == NJ - 1 -> 0 : (j) + 1)
#define BIT(j) (1 << (j))
#define HAS(mask, j) (((mask) >> (j)) & 1)

byte state[NJ];                  /* committed rows of jobs */
byte locker[NJ] = NOBODY;        /* who locks the row */
byte change[NJ];                 /* what the locker makes of it, 0 before it has */
byte lease[NW];                  /* committed leases, as sets of jobs; 0 is none */
byte leaseLocker[NW] = NOBODY;
bit marker;                      /* a committed marker that nobody locks */
byte stripe = NOBODY;
byte claimsShared;
bit claimsExclusive;

byte runs[NW] = NONE;            /* the job a worker runs */
byte waited[NW];                 /* for the check of order: what has waited since a claim began */
bit dead[NW];
byte stalls = STALLS;
byte deaths = DEATHS;
byte retries = RETRIES;
byte aborts = ABORTS;
byte deletes = DELETES;
byte losses = LOSSES;
byte cancels = CANCELS;
byte redrives = REDRIVES;
byte commits = COMMITS;
byte effects;                    /* the jobs whose transaction has committed what their runs wrote */
bit paused;
bit waits;                       /* job 0 was set aside, and its lane waits for it */
byte asked[NW];                  /* the requests to cancel jobs of a lease */
byte told;                       /* whoever cancelled these jobs was told that they never start */

#if defined(EXCLUSIVE)
#define ALONE(w) true
#elif defined(MIXED)
#define ALONE(w) ((w) == 0)
#else
#define ALONE(w) false
#endif

/* What a transaction sees: what is committed, and what it did itself. */
#define SEES(me, j) ((locker[j] == me && change[j] != 0 && change[j] != SAME) -> change[j] : state[j])
#define FREE(me, j) (locker[j] == NOBODY || locker[j] == me)

/* The unique index waits while another transaction adds or takes a head of the lane. */
#define UNSURE(me, j) (locker[j] != NOBODY && locker[j] != me && change[j] != 0 && change[j] != SAME \
  && (IS_HEAD(state[j]) || IS_HEAD(change[j])))
#if NJ == 2
#define ALL(p) (p(0) && p(1))
#define ANY(p) (p(0) || p(1))
#else
#define ALL(p) (p(0) && p(1) && p(2))
#define ANY(p) (p(0) || p(1) || p(2))
#endif
#define CERTAIN(j) (!UNSURE(me, j))
#define IS_GONE(j) (state[j] == GONE)

inline lookAtLane() {            /* first: the first that waits; head: the one with the head */
  first = NONE; head = NONE; i = 0;
  do
  :: i < NJ ->
     if :: SEES(me, i) == WAITING && (first == NONE || RANK(i) < RANK(first)) -> first = i :: else fi;
     if :: IS_HEAD(SEES(me, i)) -> head = i :: else fi;
     i++
  :: else -> break
  od; i = 0
}

/* UPDATE jobs SET state = 'ready' WHERE id = first AND state = 'waiting' */
inline makeHead() {
  if
  :: first != NONE ->
     atomic { FREE(me, first) ->
       if :: SEES(me, first) == WAITING -> locker[first] = me; change[first] = READY
          :: else -> first = NONE; remark = 1 fi }
     checkIndex(first)
  :: else
  fi
}

inline checkIndex(j) {
#ifndef NO_INDEX
  if
  :: j != NONE && !failed ->
     atomic { ALL(CERTAIN) ->
       i = 0;
       do :: i < NJ -> if :: i != j && IS_HEAD(SEES(me, i)) -> failed = 1 :: else fi; i++
          :: else -> break od; i = 0;
#if !defined(NO_STRIPE) && !defined(ONE_SNAPSHOT) && !defined(DEMOTE_LEASED)
       assert(!failed)           /* a violation would be an error for somebody */
#endif
     }
  :: else
  fi
#else
  skip
#endif
}

inline makeHeads() {
  atomic {
#ifdef ONE_SNAPSHOT
    first = oldFirst; head = oldHead;
    if :: head != NONE && (SEES(me, head) == GONE || SEES(me, head) == SCHEDULED) -> head = NONE :: else fi;
#else
    lookAtLane();
#endif
    if :: head != NONE -> first = NONE :: else fi; head = NONE
  };
  /* A head that somebody holds is passed by: who holds it may leave it as it is. */
  atomic {
    if :: first != NONE && !FREE(me, first) -> first = NONE;
#ifndef NO_PASSED_MARKER
          remark = 1
#endif
       :: else
    fi
  };
  makeHead()
}

inline lockStripe() {
#ifdef ONE_SNAPSHOT
  atomic { lookAtLane(); oldFirst = first; oldHead = head; first = NONE; head = NONE };
#endif
#ifndef NO_STRIPE
  atomic { stripe == NOBODY -> stripe = me }
#else
  skip
#endif
}

/* Commit, or roll back if it failed; always part of an atomic step. */
inline endRows() {
  i = 0;
  do
  :: i < NJ ->
     if :: locker[i] == me ->
           if :: !failed && change[i] != 0 && change[i] != SAME ->
              state[i] = change[i]; waited[0] = waited[0] & ~BIT(i); waited[1] = waited[1] & ~BIT(i)
              :: else fi;
           change[i] = 0; locker[i] = NOBODY
        :: else fi; i++
  :: else -> break
  od; i = 0;
#if PAUSES > 0
  if :: state[0] == ASIDE -> waits = 1 :: state[0] == READY || state[0] == GONE -> waits = 0 :: else fi;
#endif
  if :: stripe == me -> stripe = NOBODY :: else fi
}

inline mayFail() {
  if :: true :: aborts > 0 && !failed -> aborts--; failed = 1 fi
}

/* A claim that would find nothing changes nothing: it is left out. What is stuck is thereby seen as
   an invalid end state. */
#define UNLEASED(j) (!HAS(lease[0], j) && !HAS(lease[1], j))
#define NOT_BEFORE(j, k) (state[k] != WAITING || RANK(k) > RANK(j))
#if NJ == 2
#define IS_FIRST(j) (NOT_BEFORE(j, 0) && NOT_BEFORE(j, 1))
#else
#define IS_FIRST(j) (NOT_BEFORE(j, 0) && NOT_BEFORE(j, 1) && NOT_BEFORE(j, 2))
#endif
#define CLAIMABLE(j) (state[j] == READY && UNLEASED(j) && IS_FIRST(j))

proctype Worker(byte me) {
  byte i, first, head, mine, next;
#ifdef ONE_SNAPSHOT
  byte oldFirst, oldHead;
#endif
  byte held;
  bit marked, remark, failed, keyed;
#if PAUSES > 0
  bit sees;
#endif
  byte done, undone, becomes, rest;
#if CANCELS > 0
  byte heeded;
#endif
#if COMMITS > 0
  byte kept;
  bit atCommit, follows;
#endif
  first = NONE; head = NONE; mine = NONE; undone = NONE;

 claim:
  dead[me] = 0;
  if
  :: atomic { marker || ANY(CLAIMABLE) }
  :: ALL(IS_GONE) && redrives == 0 -> goto stop
  fi;
#ifndef NO_INTERNAL
  if
  :: ALONE(me) -> atomic { !claimsExclusive && claimsShared == 0 -> claimsExclusive = 1 }
  :: else -> atomic { !claimsExclusive -> claimsShared++ }
  fi;
#endif
  atomic {
    i = 0; do :: i < NJ -> if :: state[i] == WAITING -> waited[me] = waited[me] | BIT(i) :: else fi; i++ :: else -> break od; i = 0;
#ifdef BOUNDED
    if
    :: marked = marker; marker = 0
    :: marked = marker
#ifdef FORGETS_REST
    :: marker = 0
#else
    :: true
#endif
    fi
#else
    marked = marker; marker = 0
#endif
  };
  if
  :: marked ->
     lockStripe();
     /* demote_heads */
     atomic {
       lookAtLane();
       if :: head != NONE && first != NONE && SEES(me, head) == READY && RANK(first) < RANK(head)
          :: else -> head = NONE fi; first = NONE
     };
     if
     :: head != NONE ->
        atomic { if :: locker[head] == NOBODY && state[head] == READY -> locker[head] = me; change[head] = SAME
                    :: else -> head = NONE;
#ifndef NO_SKIP_MARKER
                       /* Whoever locks it may leave it as it is, and knows nothing of our marker. */
                       remark = 1
#endif
                 fi };
        atomic {
          if
#ifdef DEMOTE_LEASED
          :: head != NONE -> change[head] = WAITING
#else
          :: head != NONE && UNLEASED(head) -> change[head] = WAITING
#endif
          :: else fi; head = NONE
        }
     :: else
     fi;
     makeHeads()
  :: else
  fi;
  if :: failed -> goto endClaim :: else fi;
  /* The first look at the leases, then the pick with its order check, then its row lock. */
  atomic { held = lease[0] | lease[1]; first = NONE };
  atomic {
    lookAtLane(); head = NONE; i = 0;
    do
    :: i < NJ -> if :: SEES(me, i) == READY && !HAS(held, i) && mine == NONE -> mine = i :: else fi; i++
    :: else -> break
    od; i = 0;
#ifndef NO_ORDER_CHECK
    if :: mine != NONE && first != NONE && RANK(first) < RANK(mine) -> mine = NONE :: else fi;
#endif
    first = NONE
  };
  atomic {
    if
    :: mine == NONE
    :: mine != NONE && FREE(me, mine) && SEES(me, mine) == READY ->
       if :: locker[mine] == NOBODY -> locker[mine] = me; change[mine] = SAME :: else fi;
       i = 0;
       do :: i < NJ -> assert(!(HAS(waited[me], i) && SEES(me, i) == WAITING && RANK(i) < RANK(mine))); i++
          :: else -> break od; i = 0;
       assert(!waits || mine == 0)
    :: else -> mine = NONE
    fi; waited[me] = 0
  };
  atomic {
#ifndef NO_SECOND_LOOK
    held = lease[0] | lease[1];
    if :: mine != NONE && HAS(held, mine) -> mine = NONE :: else fi;
#endif
    held = 0
  };
#if PAUSES > 0
  sees = paused;
  atomic {
    /* The row is locked, and the job is in no lease. */
    if
    :: mine == 0 && sees ->
#ifdef ASIDE_LEAVES_LANE
       change[0] = SCHEDULED; waits = 1;
#else
       change[0] = ASIDE;
#endif
       mine = NONE
    :: else
    fi
  };
#endif
  if
  :: mine != NONE ->
     atomic {
       rest = BIT(mine);
#if RUN > 0
       if
       :: true
       :: lookAtLane();
          if
#ifdef NO_HAND_GUARD
          :: first != NONE -> rest = rest | BIT(first)
#else
          :: first != NONE && locker[first] == NOBODY ->
             rest = rest | BIT(first); locker[first] = me; change[first] = SAME
#endif
          :: else
          fi;
#if PAUSES > 0
          /* A lane run ends before a job of a paused name. */
          if :: HAS(rest, 0) && mine != 0 && sees -> rest = BIT(mine) :: else fi;
#endif
          first = NONE; head = NONE
       fi
#endif
     }
  :: else
  fi;

 endClaim:
  atomic {
    mayFail(); endRows();
    if :: failed -> if :: marked -> marker = 1 :: else fi; rest = 0
       :: else -> if :: remark -> marker = 1 :: else fi; lease[me] = rest; asked[me] = 0;
          assert((rest & told) == 0) fi;
    marked = 0; remark = 0; waited[me] = 0; first = NONE;
#ifndef NO_INTERNAL
    if :: ALONE(me) -> claimsExclusive = 0 :: else -> claimsShared-- fi;
#endif
    if :: failed || mine == NONE -> failed = 0; mine = NONE; rest = 0; goto claim :: else fi;
    next = mine
  };

 start:
  atomic {
    /* One run of the key at a time, among those whose lease names them. */
    runs[me] = next; next = NONE;
    assert(!(HAS(lease[me], runs[me]) && runs[1 - me] != NONE && HAS(lease[1 - me], runs[1 - me])))
  };
  if
  :: atomic { deaths > 0 -> deaths--; dead[me] = 1; runs[me] = NONE; mine = NONE; rest = 0; done = 0 };
     atomic { lease[me] == 0 -> goto claim }
  :: atomic {
       mine = runs[me]; runs[me] = NONE; rest = rest & ~BIT(mine);
       if :: rest == BIT(0) -> next = 0 :: rest == BIT(1) -> next = 1
#if NJ > 2
          :: rest == BIT(2) -> next = 2
#endif
          :: else fi;
       if
       :: done = done | BIT(mine)
#if COMMITS > 0
       /* The rest of the run waits for the commit. What is done already is settled later. */
       :: commits > 0 -> commits--; atCommit = 1; kept = done; done = BIT(mine);
          if :: state[NJ - 1] == ABSENT && locker[NJ - 1] == NOBODY ->
                follows = 1; locker[NJ - 1] = me; change[NJ - 1] = WAITING
             :: true
          fi
#endif
       :: retries > 0 -> retries--; undone = mine; next = NONE; rest = 0;
          if :: becomes = RETRY :: becomes = SCHEDULED :: becomes = SAME fi
       fi;
       mine = NONE
     }
  fi;
  /* The next of the run starts at once; what is done is settled meanwhile, or with what comes. */
  if
#if COMMITS > 0
  :: atCommit
  :: !atCommit && next != NONE -> if
#else
  :: next != NONE -> if
#endif
                        :: goto start
                        :: atomic { runs[me] = next; next = NONE;
    assert(!(HAS(lease[me], runs[me]) && runs[1 - me] != NONE && HAS(lease[1 - me], runs[1 - me]))) } fi
  :: else
  fi;

 settle:
#if COMMITS > 0 && defined(COMMIT_LOOKS_FIRST)
  atomic { if :: atCommit && lease[me] == 0 -> goto lost :: else fi };
#endif
  atomic { leaseLocker[me] == NOBODY ->
    if :: lease[me] == 0 -> goto lost :: else -> leaseLocker[me] = me fi };
  /* Of rows that are gone nobody knows the lane. */
  atomic {
    i = 0; do :: i < NJ -> if :: (HAS(done, i) || i == undone) && state[i] != GONE -> keyed = 1 :: else fi; i++
              :: else -> break od; i = 0
  };
  if :: keyed -> lockStripe() :: else fi;
  /* The jobs are gone from the tables, or changed, one by one. */
  i = 0;
  do
  :: i < NJ && HAS(done, i) ->
     atomic { FREE(me, i) -> if :: state[i] != GONE -> locker[i] = me; change[i] = GONE :: else fi; i++ }
  :: i < NJ && !HAS(done, i) -> i++
  :: i == NJ -> break
  od;
  i = 0;
#if CANCELS > 0
  /* What was cancelled ends instead of going back, and so does the rest of its run. */
  atomic {
    if
    :: undone != NONE ->
#ifndef NO_HEED
       if :: HAS(asked[me], undone) -> becomes = GONE :: else fi;
#endif
#ifndef NO_REST
       heeded = lease[me] & asked[me] & ~done & ~BIT(undone)
#endif
    :: else
    fi
  };
  do
  :: i < NJ && HAS(heeded, i) ->
     atomic { FREE(me, i) -> if :: state[i] != GONE -> locker[i] = me; change[i] = GONE :: else fi; i++ }
  :: i < NJ && !HAS(heeded, i) -> i++
  :: i == NJ -> break
  od;
  i = 0; heeded = 0;
#endif
  if
  :: undone != NONE && becomes != SAME ->
     atomic { FREE(me, undone) -> if :: state[undone] != GONE -> locker[undone] = me; change[undone] = becomes :: else fi };
     if :: becomes == RETRY -> checkIndex(undone) :: else fi
  :: else
  fi;
  /* A run goes on inside its lease. */
  if
  :: keyed && undone == NONE ->
     atomic {
       mine = lease[me] & ~done; i = 0;
       do
       :: i < NJ -> if :: HAS(mine, i) && IS_HEAD(SEES(me, i)) -> first = NONE; break
                       :: HAS(mine, i) && SEES(me, i) == WAITING && (first == NONE || RANK(i) < RANK(first)) -> first = i
                       :: else fi; i++
       :: else -> break
       od; i = 0; mine = NONE
     };
     makeHead()
  :: else
  fi;
#ifndef NO_HANDOVER
  if :: keyed -> makeHeads() :: else fi;
#endif
  atomic {
    mayFail(); endRows();
    leaseLocker[me] = NOBODY; first = NONE; keyed = 0;
    if
    :: failed -> failed = 0; remark = 0;
#if COMMITS > 0
       follows = 0;
#endif
       goto settle
    :: else ->
#if COMMITS > 0
       /* What a run has written stands once, and its job does not run again. */
       assert((done & effects) == 0);
       if
       :: atCommit -> effects = effects | done; if :: follows -> marker = 1 :: else fi
       :: else
       fi;
#endif
       if :: remark -> marker = 1 :: else fi; remark = 0;
       if
       :: undone != NONE ->
#ifndef NO_UNDONE_MARKER
          if :: becomes != GONE -> marker = 1 :: else fi;
#endif
#ifdef KEEP_REST
          lease[me] = lease[me] & ~(done | BIT(undone))
#else
          lease[me] = 0
#endif
       :: else -> lease[me] = lease[me] & ~done
       fi;
       done = 0; undone = NONE; becomes = 0
    fi;
#if COMMITS > 0
    if :: atCommit -> atCommit = 0; follows = 0; done = kept; kept = 0;
          if :: next != NONE -> goto start :: done != 0 -> goto settle :: else fi
       :: else
    fi;
#endif
    if :: runs[me] != NONE -> next = runs[me]; goto start
       :: else -> rest = 0; goto claim fi
  };

 lost:
#if COMMITS > 0
  /* The commit fails, and nothing of its transaction stands. */
  atomic {
#if defined(NO_COMMIT_FENCE) || defined(COMMIT_LOOKS_FIRST)
    if :: atCommit -> assert((done & effects) == 0); effects = effects | done :: else fi;
#endif
    failed = 1; endRows(); failed = 0; atCommit = 0; follows = 0; kept = 0
  };
#endif
  atomic { runs[me] = NONE; done = 0; undone = NONE; becomes = 0; rest = 0; next = NONE; goto claim };

 stop:
  skip
}

/* rescue(), and leave() for the dead. */
proctype Rescuer() {
  byte me = RESCUER, i, w, mine, failed;
 end:
  do
  :: atomic {
       if
       :: lease[0] != 0 && leaseLocker[0] == NOBODY && (dead[0] || stalls > 0) -> w = 0
       :: lease[1] != 0 && leaseLocker[1] == NOBODY && (dead[1] || stalls > 0) -> w = 1
       fi;
       if :: dead[w] :: else -> stalls-- fi;
       leaseLocker[w] = me; mine = lease[w]
     };
     do
     :: i < NJ && HAS(mine, i) ->
        atomic { FREE(me, i) -> if
#if CANCELS > 0 && !defined(NO_HEED_RESCUE)
          :: state[i] != GONE && HAS(asked[w], i) -> locker[i] = me; change[i] = GONE
          :: state[i] != GONE && !HAS(asked[w], i) -> locker[i] = me; change[i] = SAME
#else
          :: state[i] != GONE -> locker[i] = me; change[i] = SAME
#endif
#ifdef POISON
          :: state[i] == READY -> locker[i] = me; change[i] = GONE
#endif
          :: else fi; i++ }
     :: i < NJ && !HAS(mine, i) -> i++
     :: i == NJ -> break
     od;
     atomic {
       endRows(); lease[w] = 0; leaseLocker[w] = NOBODY; mine = 0; w = 0;
#ifndef NO_RESCUE_MARKER
       marker = 1
#endif
     }
  od
}

/* Producers: each transaction commits when it likes. */
proctype Producer(byte j) {
#if COMMITS > 0
  atomic { locker[j] == NOBODY -> if :: state[j] == ABSENT :: else -> goto added fi;
#else
  atomic {
#endif
    state[j] = WAITING;
#ifndef NO_ENQUEUE_MARKER
    marker = 1
#endif
  }
 added:
  skip
}

#if RETRIES > 0 || PAUSES > 0
proctype Promoter() {
  byte me = PROMOTER, i, j, failed;
 end:
  do
  :: atomic {
       if
       :: (state[0] == RETRY || state[0] == SCHEDULED) && locker[0] == NOBODY -> j = 0
       :: (state[1] == RETRY || state[1] == SCHEDULED) && locker[1] == NOBODY -> j = 1
#if NJ > 2
       :: (state[2] == RETRY || state[2] == SCHEDULED) && locker[2] == NOBODY -> j = 2
#endif
       fi;
       locker[j] = me
     };
     atomic { if :: state[j] == RETRY -> change[j] = READY :: else -> change[j] = WAITING fi };
     atomic {
       endRows(); j = 0;
#ifndef NO_PROMOTE_MARKER
       marker = 1
#endif
     }
  od
}
#endif

#if DELETES > 0
/* DELETE FROM jobs WHERE id = ..., of a job that does not run as far as its author can see; or
   UPDATE jobs SET payload = ..., which only holds its row for a while. */
#define SHOWN_IDLE(j) (state[j] == WAITING || (state[j] == READY && UNLEASED(j)))
proctype Somebody() {
  byte me = SOMEBODY, i, j, failed;
 end:
  do
  :: atomic {
       if
       :: deletes > 0 && SHOWN_IDLE(0) -> j = 0
       :: deletes > 0 && SHOWN_IDLE(1) -> j = 1
#if NJ > 2
       :: deletes > 0 && SHOWN_IDLE(2) -> j = 2
#endif
       fi;
       deletes--
     };
     atomic { locker[j] == NOBODY ->
       if
       :: state[j] != GONE -> locker[j] = me; change[j] = GONE
       :: state[j] != GONE -> locker[j] = me; change[j] = SAME
       :: else
       fi;
     };
#ifndef NO_HAND_GUARD
     /* A fresh look, once the row is locked: what is leased is refused. */
     atomic { if :: UNLEASED(j) || change[j] == SAME :: else -> failed = 1 fi };
#endif
     atomic {
       if :: locker[j] == me && change[j] == GONE && !failed ->
#ifndef NO_DELETE_MARKER
             marker = 1
#else
             skip
#endif
          :: else fi;
       endRows(); j = 0; failed = 0
     }
  od
}
#endif

#if CANCELS > 0
/* cancel(): of a leased job it locks the lease, of any other job the row, and looks again. */
#define HOLDER(j) (HAS(lease[0], j) -> 0 : 1)
proctype Canceller() {
  byte me = CANCELLER, i, j, w, failed;
 end:
  do
  :: atomic {
       if
       :: cancels > 0 && state[0] != ABSENT && state[0] != GONE -> j = 0
       :: cancels > 0 && state[1] != ABSENT && state[1] != GONE -> j = 1
#if NJ > 2
       :: cancels > 0 && state[2] != ABSENT && state[2] != GONE -> j = 2
#endif
       fi;
       cancels--
     };
 look:
     atomic { if :: UNLEASED(j) -> w = NOBODY :: else -> w = HOLDER(j) fi };
     if
     :: w != NOBODY ->
#ifndef NO_CANCEL_LOCK
        atomic { leaseLocker[w] == NOBODY -> leaseLocker[w] = me };
#endif
        atomic { if :: HAS(lease[w], j) :: else -> failed = 1 fi };
        atomic {
          if :: !failed -> asked[w] = asked[w] | BIT(j); told = told | BIT(j) :: else fi;
#ifndef NO_CANCEL_LOCK
          leaseLocker[w] = NOBODY
#endif
        }
     :: else ->
        atomic { locker[j] == NOBODY ->
          if :: state[j] != GONE -> locker[j] = me; change[j] = SAME :: else fi };
#ifndef NO_CANCEL_LOOK
        atomic { if :: UNLEASED(j) :: else -> failed = 1 fi };
#endif
        atomic {
          if :: locker[j] == me && !failed ->
                change[j] = GONE; told = told | BIT(j);
#ifndef NO_CANCEL_MARK
                if :: IS_HEAD(state[j]) -> marker = 1 :: else fi
#endif
             :: else fi;
          endRows()
        }
     fi;
     atomic { w = 0; if :: failed -> failed = 0; goto look :: else -> j = 0 fi }
  od
}
#endif

#if EXPIRIES > 0
/* expire(): passes by rows that others lock, and looks at the leases once it has the row. */
#define IS_THERE(j) (state[j] != ABSENT && state[j] != GONE && locker[j] == NOBODY)
proctype Sweeper() {
  byte me = SWEEPER, i, j, failed;
  byte left = EXPIRIES;
 end:
  do
  :: atomic {
       if
       :: left > 0 && IS_THERE(0) -> j = 0
       :: left > 0 && IS_THERE(1) -> j = 1
#if NJ > 2
       :: left > 0 && IS_THERE(2) -> j = 2
#endif
       fi;
       left--;
#ifdef SWEEP_LOOKS_FIRST
       if :: UNLEASED(j) :: else -> failed = 1 fi
     };
     atomic { if :: IS_THERE(j) -> locker[j] = me; change[j] = SAME :: else -> failed = 1 fi };
#else
       locker[j] = me; change[j] = SAME
     };
     atomic { if :: UNLEASED(j) :: else -> failed = 1 fi };
#endif
     atomic {
       if :: !failed ->
             change[j] = GONE; told = told | BIT(j);
#ifndef NO_SWEEP_MARK
             if :: IS_HEAD(state[j]) -> marker = 1 :: else fi
#endif
          :: else fi;
       endRows(); failed = 0; j = 0
     }
  od
}
#endif

#if REDRIVES > 0
/* redrive(): the row comes back with the id that it had, as a producer's would. */
proctype Redriver() {
  byte i;
  do
  :: redrives == 0 -> break
  :: atomic { redrives > 0 -> redrives-- }
  :: atomic {
       if
       :: redrives > 0 && state[0] == GONE && locker[0] == NOBODY -> i = 0
       :: redrives > 0 && state[1] == GONE && locker[1] == NOBODY -> i = 1
#if NJ > 2
       :: redrives > 0 && state[2] == GONE && locker[2] == NOBODY -> i = 2
#endif
       fi;
       redrives--; state[i] = WAITING; told = told & ~BIT(i);
       waited[0] = waited[0] & ~BIT(i); waited[1] = waited[1] & ~BIT(i);
#ifndef NO_REDRIVE_MARKER
       marker = 1;
#endif
       i = 0
     }
  od
}
#endif

#if PAUSES > 0
/* pause() and resume(); then unpause(), again and again: what was set aside is due, once its name is
   paused no more. */
proctype Pauser() {
  byte me = UNPAUSER, i, failed;
  paused = 1;
  paused = 0;
#ifdef UNPAUSES_ONCE
  if
  :: atomic { state[0] == ASIDE && locker[0] == NOBODY -> locker[0] = me; change[0] = SAME };
     atomic { change[0] = RETRY; endRows() }
  :: else
  fi
#else
 end:
  do
  :: atomic { state[0] == ASIDE && locker[0] == NOBODY -> locker[0] = me; change[0] = SAME };
     atomic { change[0] = RETRY; endRows() }
  od
#endif
}
#endif

#if LOSSES > 0
proctype Loser() {
 end:
  do
  :: atomic { losses > 0 && marker -> losses--; marker = 0 }
  od
}

/* Looks now and then for a lane that no claim would look at. */
#define WAITS(j) (state[j] == WAITING)
#define HOLDS_TOKEN(j) IS_HEAD(state[j])
#define IS_OVERTAKEN(j) (state[j] == READY && !IS_FIRST(j))
proctype Healer() {
 end:
  do
#ifndef NO_HEALER
#ifdef HEALS_HEADLESS_ONLY
  :: atomic { !marker && ANY(WAITS) && !ANY(HOLDS_TOKEN) -> marker = 1 }
#else
  :: atomic { !marker && ANY(WAITS) && (!ANY(HOLDS_TOKEN) || ANY(IS_OVERTAKEN)) -> marker = 1 }
#endif
#else
  :: false
#endif
  od
}
#endif

init {
  atomic {
    run Worker(0); run Worker(1);
#if STALLS + DEATHS > 0
    run Rescuer();
#endif
#if RETRIES > 0 || PAUSES > 0
    run Promoter();
#endif
#if DELETES > 0
    run Somebody();
#endif
#if CANCELS > 0
    run Canceller();
#endif
#if EXPIRIES > 0
    run Sweeper();
#endif
#if REDRIVES > 0
    run Redriver();
#endif
#if PAUSES > 0
    run Pauser();
#endif
#if LOSSES > 0
    run Loser(); run Healer();
#endif
    run Producer(0); run Producer(1);
#if NJ > 2
    run Producer(2)
#endif
  }
}
