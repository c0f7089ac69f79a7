/* `pgq start -q 2`: a parent, two children, and signals at any time; src/cli and src/domain/StopMode.

   A step is what one turn of an event loop does. Of modes, a greater one lies further down. */

#ifndef SIGNALS
#define SIGNALS 2
#endif
#ifndef CRASHES
#define CRASHES 0
#endif

#define DRAIN 1
#define FINISH 2
#define CANCEL 3

byte mode;                       /* the parent's; 0 is none */
byte signals = SIGNALS;          /* still to come */
byte crashes = CRASHES;
bit exiting, gone;               /* the parent */

/* One for each place in the family, which is filled again only when its child has ended. */
chan toChild[2] = [4] of { byte };
bit alive[2], killed[2], clean[2];
bit latched[2];                  /* signals do not kill it any more */
bit told[2];                     /* it has said that it listens */
bit listening[2];                /* the parent has heard so */
bit owed[2];                     /* and will tell it what was asked for meanwhile */
bit ready[2];
byte kept;                       /* places that are done with */

/* Child.stop */
inline stop(place, m) {
#ifdef TOO_EARLY
  if :: alive[place] && !gone -> assert(latched[place]); toChild[place]!m :: else fi
#else
  if :: alive[place] && listening[place] && !gone -> toChild[place]!m :: else fi
#endif
}

/* StopSignals.respond: the signals are kept from the first line on, so they come when it takes them. */
proctype Signals() {
 end:
  do
  :: atomic { signals > 0 && !gone && !exiting -> signals--;
       if
       :: mode == 0 -> if :: mode = DRAIN :: mode = FINISH :: mode = CANCEL fi
       :: mode == DRAIN || mode == FINISH -> mode++
       :: mode == CANCEL -> exiting = 1; killed[0] = alive[0]; killed[1] = alive[1]
       fi }
     /* killAll waits for them, but not for ever. */
  :: atomic { exiting && !gone -> gone = 1 }
#ifdef PARENT_DIES
  :: atomic { !gone -> gone = 1 }
#endif
  od
}

/* The stream of modes to all children, which may lag behind */
proctype Broadcast() {
  byte last;
 end:
  do
  :: atomic { !gone && mode != last -> last = mode };
     atomic { stop(0, last); stop(1, last) }
  od
}

byte modeAtLaunch[2];
inline tell(place) {
#if defined(NO_TELLING)
  skip
#elif defined(TELL_TOO_SOON)
  if :: modeAtLaunch[place] != 0 -> stop(place, modeAtLaunch[place]) :: else fi
#else
  if :: mode != 0 -> stop(place, mode) :: else fi
#endif
}

/* The fibers of launch */
proctype Telling() {
 end:
  do
  :: atomic { told[0] && !listening[0] && !gone -> listening[0] = 1; owed[0] = 1 }
  :: atomic { told[1] && !listening[1] && !gone -> listening[1] = 1; owed[1] = 1 }
  :: atomic { owed[0] && !gone -> owed[0] = 0; tell(0) }
  :: atomic { owed[1] && !gone -> owed[1] = 0; tell(1) }
  od
}

inline launch(place) {
  assert(!exiting && mode < FINISH);
#ifdef TELL_TOO_SOON
  modeAtLaunch[place] = mode;
#endif
  alive[place] = 1; clean[place] = 0;
  run Child(place)
}

/* supervisor.keepAll, which launches the second child once the first one works, and keep */
proctype Keep(byte place) {
  if
  :: place == 0 ->
     /* connect, raced with startsNothing */
     atomic { if :: gone || mode >= FINISH -> kept = 2; goto done :: mode < FINISH && !gone -> launch(0) fi };
     atomic {
       if
       :: ready[0] && !gone ->
          if :: mode < FINISH -> launch(1); run Keep(1) :: else -> kept++ fi
       :: !alive[0] && !ready[0] -> kept = 2; goto done
       :: gone -> goto done
       fi
     }
  :: else
  fi;
  do
  :: atomic { gone -> goto done }
  :: atomic { !alive[place] && !gone ->
       if :: clean[place] || mode != 0 -> break :: else fi };
     /* reportDead, then a pause, which startsNothing cuts short */
     atomic {
       if
       :: gone -> goto done
#ifndef NO_SECOND_CHECK
       :: !gone && mode != 0 -> break
       :: !gone && mode == 0 -> launch(place)
#else
       :: !gone -> launch(place)
#endif
       fi
     }
  od;
  atomic { kept++ };
 done:
  /* A parent that is exiting ends by its signal's code. */
  atomic { if :: kept == 2 && !exiting -> assert(!alive[0] && !alive[1] || gone); gone = 1 :: else fi }
}

/* A child: its stop modes and its work. One job is enough; a child that nobody stops is seen to hang. */
proctype Child(byte place) {
  byte own, m, jobs;
#ifdef NO_CONNECTED_CHECK
  bit missed;
#endif
  /* It loads its modules; then it listens. */
  if
  :: atomic { latched[place] = 1 }
  :: atomic { crashes > 0 -> crashes--; goto dead }
  :: atomic { killed[place] -> goto dead }
  fi;
  atomic { told[place] = 1;
#ifdef NO_CONNECTED_CHECK
    missed = gone
#endif
  };
  do
  :: atomic { toChild[place]?m ->
#if defined(EVERY_MESSAGE_A_STEP)
       if :: own == 0 -> own = m :: else -> own++ fi;
#elif defined(NOT_MONOTONE)
       assert(m >= own); own = m;
#else
       if :: m > own -> own = m :: else fi;
#endif
       /* Never a step more than the parent took. */
       assert(own <= mode); m = 0
     }
#ifdef NO_CONNECTED_CHECK
  :: atomic { gone && !missed && own < FINISH && empty(toChild[place]) -> own = FINISH }
#else
  :: atomic { gone && own < FINISH && empty(toChild[place]) -> own = FINISH }
#endif
  :: atomic { jobs == 0 && own < FINISH -> jobs = 1; ready[place] = 1 }
  :: atomic { jobs == 1 -> jobs = 2 }
  :: atomic { jobs != 1 && own >= DRAIN -> clean[place] = 1; break }
  :: atomic { killed[place] -> break }
  :: atomic { crashes > 0 -> crashes--; break }
  od;
 dead:
  atomic {
    do :: nempty(toChild[place]) -> toChild[place]?_ :: empty(toChild[place]) -> break od;
    alive[place] = 0; killed[place] = 0; latched[place] = 0; told[place] = 0;
    listening[place] = 0; owed[place] = 0; own = 0; jobs = 0; m = 0
  }
}

init { atomic { run Signals(); run Broadcast(); run Telling(); run Keep(0) } }
