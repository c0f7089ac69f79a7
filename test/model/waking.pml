/* The wake-ups of one worker: its loop, its slots, its listener and its heartbeat, beside producers
   whose transactions stay open. sql/0002_enqueue.sql (wake, has_unannounced), sql/0004_claim.sql
   (the mark asleep), src/domain/Idle.ts, and in src/layers/worker ClaimLoop.ts, Pauses.ts,
   Changes.ts, Slots.ts, Worker.ts.

   Only short pauses end by themselves. A job that nothing but the end of a long pause would find
   stays for ever: the model is stuck. Job 1 ends after all others, so that no job may wait for the
   end of another. */

#define SLOTS 2
#define BUSY 2          /* a worker that has found jobs so many times in a row is busy */

#ifndef JOBS
#define JOBS 3          /* or 2 */
#endif
#ifndef FAILURES
#define FAILURES 0      /* claims whose answers are lost */
#endif
#ifndef DEATHS
#define DEATHS 0        /* how often the worker is reported dead */
#endif

mtype = { uncommitted, ready, leased, lost, backlog, running, done };
mtype = { awake, fallingAsleep, asleep };

/* The database. */
mtype job[4] = uncommitted;
bit hasLock[4];         /* the producer's lock, which has_unannounced looks for */
bit isMarked;           /* the worker's row says that it sleeps */
bit isGone;             /* the worker was reported dead: its row is deleted */
bit isListening;
bit message;            /* a NOTIFY is on its way; a second one would say no more */

/* The worker. */
mtype sleep = awake;
bit hasUnannounced, hasHeard;
bit isTired;            /* emptyRounds > 0 */
byte fullRounds;
bit signal, isWoken, heard;
bit startsSoon;         /* slots.start is queued as a microtask */
byte rejoins, failures = FAILURES, deaths = DEATHS;

#define ALL_DONE (job[1] == done && OTHERS_DONE)
#define OTHERS_DONE (job[2] == done && job[3] == done)
#define IN(n, state) (job[n] == state -> 1 : 0)
#define COUNT(state) (IN(1, state) + IN(2, state) + IN(3, state))
#define ROOM (COUNT(backlog) > 0 -> 0 : SLOTS - COUNT(running))
#define IS_BUSY (sleep == awake || fullRounds >= BUSY)
#define HEARS_OF_ALL (sleep == asleep && hasHeard && !hasUnannounced)
#define IS_WATCHFUL (hasUnannounced && !isTired)

#define look() signal = 1
#define wake() isWoken = 1; signal = 1

inline move(from, to) {
  if :: job[1] == from -> job[1] = to :: else fi;
  if :: job[2] == from -> job[2] = to :: else fi;
  if :: job[3] == from -> job[3] = to :: else fi
}

inline notifyIf(isTold) {
  if
  :: isTold && isListening -> message = 1
  :: else
  fi
}

/* The statement that gives jobs back wakes workers, too. */
inline giveBack(from) {
  if
  :: COUNT(from) > 0 -> move(from, ready); notifyIf(isMarked)
  :: else
  fi
}

/* The worker registers again: its new row is not marked. */
inline rejoin() {
  isGone = 0; rejoins++; sleep = awake
}

proctype Producer(byte n) {
  bit isTold;
#ifdef LOOKS_BEFORE_LOCK
  isTold = isMarked;
  hasLock[n] = 1;
#else
#ifndef NO_LOCK
  hasLock[n] = 1;
#endif
  isTold = isMarked;
#endif
  atomic { hasLock[n] = 0; job[n] = ready; notifyIf(isTold); isTold = 0 }
}

proctype Listener() {
  /* The stream of wake-ups begins with `Everything`. */
  atomic { wake() };
  isListening = 1;
#ifndef NO_EVERYTHING
  atomic { wake() };
#endif
  do
  :: atomic { message -> message = 0; heard = 1; wake() }
  /* Or the connection is lost, and the next one begins with `Everything`. */
  :: atomic { message -> message = 0; wake() }
  :: atomic { ALL_DONE -> break }
  od
}

proctype Slots() {
  do
  :: atomic {
       startsSoon -> startsSoon = 0; move(backlog, running);
#ifndef NO_SIGNAL_OF_START
       look()
#endif
     }
  :: atomic { job[1] == running && OTHERS_DONE -> job[1] = done; look() }
  :: atomic { job[2] == running -> job[2] = done; look() }
  :: atomic { job[3] == running -> job[3] = done; look() }
  :: atomic { ALL_DONE -> break }
  od
}

proctype Heartbeat() {
  do
  :: atomic {
       deaths > 0 && !isGone ->
       deaths--; isGone = 1; isMarked = 0; giveBack(leased); giveBack(lost)
     }
  :: atomic {
       isGone -> rejoin();
#ifndef NO_WAKE_AFTER_DEATH
       wake()
#endif
     }
  :: atomic { ALL_DONE -> break }
  od
}

inline take(n) {
  if
  :: job[n] == ready && found < room -> job[n] = leased; found++
  :: else
  fi
}

/* The answer's part of Idle.afterClaim. */
inline learn() {
  if
  :: found > 0 ->
     if :: isBusy -> sleep = awake :: else fi;
     if :: fullRounds < BUSY -> fullRounds++ :: else fi;
     isTired = 0
  :: else ->
     if :: sleep == awake -> sleep = fallingAsleep :: else fi;
     fullRounds = 0
  fi
}

inline ask() {
#ifdef NO_QUESTION
  skip
#else
  hasUnannounced = hasLock[1] || hasLock[2] || hasLock[3]
#endif
}

proctype Loop() {
  byte room, found, rejoinsBefore;
  bit isBusy, wasWoken, isShort, isWatchful, isWakeNeeded;

 top:
  if
  :: ROOM == 0 ->
     if
     :: atomic { signal -> signal = 0 }
     :: atomic { ALL_DONE -> goto finished }
     fi;
     goto top
  :: else
  fi;
  /* Reconciliation. */
  atomic { giveBack(lost) };
  atomic {
    room = ROOM; isBusy = IS_BUSY; rejoinsBefore = rejoins;
#ifndef FORGETS_LATE
    isWoken = 0; heard = 0; signal = 0
#endif
  };
  /* The claim: its look, then the commit of its mark, then its answer. */
  if
  :: atomic { isGone -> rejoin(); isTired = 1; goto pause }
  :: atomic { !isGone -> found = 0; take(1); take(2); take(3) }
  fi;
  atomic {
    if
#ifdef WAKES_WHENEVER_IT_FINDS
    :: isMarked && found > 0 -> isMarked = 0
#else
    :: isMarked && found > 0 && isBusy -> isMarked = 0
#endif
#ifndef NO_MARK
    :: !isMarked && found == 0 && !isGone -> isMarked = 1
#endif
    :: else
    fi
  };
  if
  :: atomic {
       failures > 0 -> failures--;
       move(leased, lost); sleep = awake; isTired = 1; goto pause
     }
  :: skip
  fi;
  atomic {
#ifdef FORGETS_LATE
    isWoken = 0; heard = 0; signal = 0;
#endif
#ifndef LEARNS_OF_AN_OLDER_LIFE
    if
    :: rejoins != rejoinsBefore -> giveBack(leased); goto top
    :: else
    fi;
#endif
    move(leased, backlog);
    learn();
    if
    :: found > 0 ->
       startsSoon = 1;
       if
       :: found < room && HEARS_OF_ALL
       :: else -> goto top
       fi
    :: else
    fi
  };

 pause:
  if
  :: atomic {
       sleep == fallingAsleep -> sleep = asleep;
#ifndef STAYS_TIRED
       isTired = 0
#endif
     };
     ask();
#ifndef NO_LAST_CLAIM
     goto top
#endif
  :: else
  fi;
  atomic {
    isWatchful = IS_WATCHFUL; isWakeNeeded = HEARS_OF_ALL; wasWoken = 0;
    /* The pause after a failed claim is short, too. */
    isShort = isWatchful || sleep == awake
  };
  do
  :: atomic { signal && (isWoken || !isWakeNeeded) -> signal = 0; wasWoken = 1; break }
  :: atomic { signal && !isWoken && isWakeNeeded -> signal = 0 }
  :: atomic { isShort -> break }
  :: atomic { ALL_DONE -> goto finished }
  od;
  atomic { hasHeard = heard; fullRounds = 0; isTired = !(wasWoken || isWatchful) };
  if
  :: isWatchful -> ask()
  :: else
  fi;
  goto top;

 finished:
  skip
}

init {
  atomic {
    run Producer(1); run Producer(2);
    if :: JOBS == 3 -> run Producer(3) :: else -> job[3] = done fi;
    run Listener(); run Slots(); run Heartbeat(); run Loop()
  }
}
