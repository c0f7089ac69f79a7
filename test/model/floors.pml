/* The floors of one process: two workers whose claims begin at the floor, a look below it, and a job
   below it. src/layers/postgres/PgFloors.ts.

   Job 1 may be committed after any other job, and may be given back by this process. The others come
   above it at any time. A claim has three parts, between which anything may happen: it reads the
   floor, the server takes a job, and the process learns of it. */

#define JOBS 4
#define NONE 0

bit committed[5], taken[5];
byte floor;             /* a claim begins behind this job; 0 is none */
byte generation;        /* how often the floor was lowered or forgotten */
bit mustFind;           /* job 1 was seen below the floor: the next claim that begins finds it */
byte givenBack;

#define DONE (taken[1] && taken[2] && taken[3] && taken[4])
#define READY(n) (committed[n] && !taken[n])

#ifdef NO_FALLBACK
#define LOW_IS_SEEN (READY(1) && floor < 1)
#else
#define LOW_IS_SEEN READY(1)
#endif

inline firstAbove(place) {
  found = NONE;
  if
  :: place < 1 && READY(1) -> found = 1
  :: else ->
     if
     :: place < 2 && READY(2) -> found = 2
     :: else ->
        if
        :: place < 3 && READY(3) -> found = 3
        :: else ->
           if
           :: place < 4 && READY(4) -> found = 4
           :: else
           fi
        fi
     fi
  fi
}

active proctype Producers() {
 end:
  do
  :: atomic { !committed[1] -> committed[1] = 1 }
  :: atomic { !committed[2] -> committed[2] = 1 }
  :: atomic { !committed[3] -> committed[3] = 1 }
  :: atomic { !committed[4] -> committed[4] = 1 }
  od
}

active [2] proctype Worker() {
  byte begin, seen, found;
 end:
  do
  :: atomic { !DONE ->
       begin = floor; seen = generation;
       assert(!mustFind || begin < 1) };
     atomic {
       firstAbove(begin);
#ifndef NO_FALLBACK
       if :: found == NONE -> firstAbove(0) :: else fi;
#endif
       if
       :: found != NONE ->
          taken[found] = 1;
          if :: found == 1 -> mustFind = 0 :: else fi
       :: else
       fi
     };
     /* A claim that found nothing is made again when something has changed. */
     if
     :: found != NONE
     :: found == NONE ->
        DONE || READY(2) || READY(3) || READY(4) || LOW_IS_SEEN
     fi;
     atomic {
       if
#ifdef NO_GENERATION
       :: found != NONE -> floor = found
#else
       :: found != NONE && generation == seen -> floor = found
#endif
       :: else
       fi;
       found = NONE; begin = 0; seen = 0
     }
  od
}

#ifndef NO_LOOK
active proctype Look() {
  bit sees;
 end:
  do
  :: atomic { floor >= 1 && !DONE -> sees = READY(1) };
     atomic {
       if
       :: sees -> generation++; floor = 0; mustFind = !taken[1]
       :: else
       fi;
       sees = 0
     }
  od
}
#endif

#ifdef GIVES_BACK
active proctype Settlement() {
 end:
  do
  :: atomic { taken[1] && givenBack < 1 -> taken[1] = 0; givenBack++ };
     /* The process hears of the commit later. */
     atomic { generation++; floor = 0; mustFind = !taken[1] }
  od
}
#endif
