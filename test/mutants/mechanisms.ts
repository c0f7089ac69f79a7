/**
 * The mechanisms on which pgq's promise rests. Each has its name in the table of
 * `docs/reliability.md`, what goes wrong without it, and at least one mutant.
 */
import { mechanismsOfFaces } from "./mechanismsOfFaces.ts"
import { mechanismsOfOperations } from "./mechanismsOfOperations.ts"

const unseen = "a lane that nobody looks at"
const twoRuns = "two runs of a key"
const again = "a cancelled job starts again"
const late = "jobs wait until a worker looks by the clock"

export const mechanisms = {
  markerOfNew: ["the marker of a new job", unseen],
  markerOfUndone: ["the marker of a job that comes back undone", unseen],
  markerOfDue: ["the marker of a job that comes due", unseen],
  markerOfRescued: ["the marker of a job that a rescue gives back", unseen],
  markerOfChanged: ["the marker for jobs that people change or delete", unseen],
  markerOfRedriven: ["the marker of a finished job that is queued again", unseen],
  markerOfExpired: ["the marker of a head that has expired", unseen],
  markerOfPassedBy: ["the marker of a lane that was passed by", unseen],
  markersLeft: ["the markers that a bounded claim leaves for the next one", unseen],
  handover: ["the head's way on when a job completes, or is cancelled", unseen],
  demotion: [
    "the demotion of a head that was overtaken, and of no leased one",
    "order, or " + twoRuns
  ],
  waitingHead: ["a head that waits for its next try", twoRuns],
  restOfRun: ["the end of a run when its job goes back", unseen],
  byHand: ["the refusal of changes by hand", twoRuns],
  withdrawals: [
    "leases without the jobs that somebody deletes while they run",
    "another job of the same number is recorded complete and never ran"
  ],
  deferredWithdrawals: ["taking them out of the lease only at the end", "a settlement waits"],
  wordByHand: ["the wake-up of a worker for which people have moved jobs", late],
  stateByHand: ["the first state of a job, after the triggers of users", "a job in a wrong state"],
  lockOfCancel: ["the lock with which a cancel takes a lease", again],
  requests: ["heeding requests to cancel, in each way out of a lease", again],
  markerOfCancelled: ["the marker of a cancelled head", unseen],
  secondLookByHand: [
    "the second look at the leases, when a step by hand has locked the job",
    "a job runs that is told to be over, or changes while it runs"
  ],
  boundOfCancel: ["waiting for the first held job only", "a cancel takes minutes; people wait"],
  statesOfCancel: [
    "the look at a job's state when it is cancelled",
    "a run that nobody meant ends"
  ],
  ...mechanismsOfOperations,
  ownJobs: [
    "the look whether an awaited job waits for the handler that awaits it",
    "a handler waits for ever"
  ],
  hintsOfEnds: [
    "telling those who await a job that it has ended",
    "a result is seen a second late"
  ],
  rowsOfAwaited: ["the time of a row of those who await a job", "rows that stay for ever"],
  endOfRequests: ["forgetting requests that nothing can heed any more", "rows that stay for ever"],
  wordOfCancel: [
    "telling a worker that its jobs were cancelled, by a notification and by its renewals",
    "a run goes on"
  ],
  slotsOfQueues: [
    "the bound of locks in a transaction of many queues",
    "the server is out of locks"
  ],
  preparedEnqueue: ["adding jobs without a notification", "a transaction cannot be prepared"],
  laneLock: [
    "the producers' lock of a lane, with and without the index over heads",
    unseen + "; two heads"
  ],
  ownLook: ["a look of its own for each step of a settlement", unseen],
  orderCheck: ["the order check in a claim", "an overtaken job is claimed"],
  oneOfAKey: ["one job of a key for a claim", twoRuns],
  secondLook: ["the second look at the leases after the row locks", "claimed twice"],
  secondLookOfSweeps: [
    "the look at the leases after a sweep has locked the jobs",
    "a job runs that has ended as expired"
  ],
  failureReports: [
    "the report of a failure in the step that records it",
    "nobody hears of a failure, or of one that was none"
  ],
  reportsOfReports: ["no report of a report's failure", "two kinds report each other without end"],
  expiryOfDue: ["the look at the time of a due job", "a job starts after its time"],
  firstSweep: [
    "a sweep before the first claim of a worker",
    "a worker works on a backlog that nobody wants any more"
  ],
  redrivenAt: [
    "the word in the history that a job was queued again",
    "a job that has completed is run again"
  ],
  keyOfRedriven: [
    "the unique key of a finished job, and the look whether another job has it",
    "two unfinished jobs of a key"
  ],
  idOfCopy: [
    "the id of its own of a job that is added after a finished one",
    "a job with the history of another one"
  ],
  replacing: ["beginning anew with the values of a new offer", "too few tries"],
  expiryOfReplaced: ["the time to look at a job that was changed", "it never expires"],
  laterLook: ["another look at a job that a sweep leaves", "it never expires"],
  holds: ["the hold of a key, which an offer takes, gives back or moves", "offers are kept out"],
  uniqueIndex: [
    "the index of unique keys, name by name",
    "two holders of a key; a job of another name is kept out"
  ],
  roundsOfOffers: [
    "offering again where the key changes hands",
    "a call has no answer, and its job is lost"
  ],
  orderOfOffers: ["taking unique keys in one order", "two calls wait for each other"],
  secondLookOfOffers: [
    "the same look of an offer, when it has locked the holder of its key",
    "the values of a run change after it began, and the last wish is lost"
  ],
  expectedPayload: ["the look at the payload before a change of it", "a change is lost"],
  pausedHead: ["the head that a paused job stays in its lane", "a lane runs out of order"],
  laterUnpause: [
    "looking again and again for jobs that were set aside",
    "a job that a claim sets aside during the resume never comes back"
  ],
  endOfPausedRun: ["the end of a lane run before a paused name", "a paused job runs"],
  rowsOfSetAside: [
    "the end of a row of set_aside with the change that brings its job back",
    "a blocked lane goes on"
  ],
  sleepAfterResume: ["falling asleep anew after a resume", late],
  hasFoundAll: ["claiming again where a claim may have left jobs", late],
  boundsOfLeases: ["the bounds of a lease's ids, which cover suspects too", "claimed twice"],
  placeOfRetried: [
    "the place of a retried or snoozed job behind the ready ones",
    "other jobs wait for ever"
  ],
  floors: ["looking below the floors of claims", "a job waits until no other job is ready"],
  floorsForgotten: [
    "forgetting the floors when a settlement may make jobs ready below them",
    "a lane waits behind younger jobs"
  ],
  keysOfLeases: ["a lease's word that its jobs have keys", unseen],
  firstLook: ["the look at the leases in a claim", "claimed twice"],
  internalLock: ["the queue's internal lock in a claim", "order"],
  idsInOrder: ["ids in the order of arrival", "order"],
  fence: [
    "the lease of a settlement",
    "a worker that was taken for dead completes the run of another worker"
  ],
  lockOfSettlement: ["the lock with which a settlement takes its leases", "settled and rescued"],
  passingBy: [
    "passing by rows that people lock, in claims, settlements and rescues",
    "others wait"
  ],
  crowds: [
    "the bounds of a claim among many markers and lanes",
    "other jobs wait, or a worker spins"
  ],
  lastWord: ["a child's word that it has stopped", "a job stays behind, and so does the queue"],
  suspectsWord: ["the wake-up of others, when a claim takes one of several suspects", late],
  suspectsApart: ["running suspects apart", "jobs beside a suspect fail as crashed"],
  leaseEnd: ["the lease's end, as a rescue sees it", "overlap"],
  lateness: [
    "the suspicion before a death, and its end by a renewal",
    "the living are reported dead"
  ],
  boundOfRescue: [
    "the bound of a rescue, and passing by a lease that cannot be taken apart",
    "one transaction for all; none handed back"
  ],
  clocks: [
    "suspecting workers that have more time than a lease, or are suspected in the future",
    "a dead worker keeps its jobs"
  ],
  healing: ["finding lanes without a marker", unseen],
  boundOfDue: ["other due jobs, where a trigger keeps the first ones", "due jobs wait for ever"],
  yielding: [
    "yielding soon to people, and telling which leases they have locked",
    "people wait for a settlement; settlements wait for people"
  ],
  endOfRow: ["refusing an end whose row stays", "recorded, and run again"],
  headOfRun: ["refusing to go on in a run whose head stays", twoRuns],
  crashCount: ["refusing a rescue that counts no crash", "a job crashes its workers for ever"],
  repeat: ["saying that a settlement is sent again, and hearing it", "told as lost"],
  retention: [
    "bounds of retention, each kind of history, and identities of published rows",
    "one transaction for all; nothing is pruned"
  ],
  shortLocks: ["giving up soon a lock that settlements queue behind", "settlements wait"],
  lockOfRescue: ["the locks with which a rescue takes leases", "it takes what is being settled"],
  runningClock: ["the running clock, where a renewal had to wait", "a shorter lease than promised"],
  durableLeases: ["durable leases of keyed jobs", "a second claim after a crash of the server"],
  reconciliation: [
    "reconciliation of leases whose claim was not answered, and of no others",
    "nothing handed back; running jobs handed back"
  ],
  timeout: ["the limits of runs, each counted from its own start", "a run goes on too long"],
  interruption: [
    "one reason for an interruption, read after the run has ended, and another slot for the rest",
    "a job that is done runs again; a lane is left in its lease"
  ],
  runReports: [
    "the lease of a report, and the stop of a run whose report finds none",
    "a run goes on beside the next one, and overwrites its progress"
  ],
  figuresOnce: [
    "adding each pulse up once, by one process at a time, and sending none twice",
    "charts show runs that never were; processes wait for each other"
  ],
  boundOfFigures: ["steps of bounded size over pulses and minutes", "a step takes minutes"],
  boundOfLogs: ["the bound of a run's log lines", "a handler fills memory and disk"],
  lastLines: ["sending the last lines of a run before its end is recorded", "they are lost"],
  boundedReads: [
    "the settings of a look, their end with it, and the parts that it may miss",
    "a look at a deep queue takes long, changes its session, or fails as a whole"
  ],
  looksReadOnly: [
    "reading in transactions that can write nothing, while people look",
    "a look changes jobs"
  ],
  gaugesOfLooks: [
    "taking back the gauges after a look that failed",
    "metrics say that all is well while nobody knows"
  ],
  looksAreRare: [
    "looking less often where a look costs much",
    "whoever looks at a slow database makes it slower"
  ],
  terminalAsItWas: [
    "giving the terminal back, however the process ends",
    "a shell without a cursor"
  ],
  printableNames: [
    "leaving out of a frame the characters that a terminal obeys",
    "a job's name commands the terminal of those who look"
  ],
  stuck: ["telling of runs that go on after an interruption", "a slot is gone, and nobody knows"],
  rules: ["finding the rule of an error by its tag and fields", "a job is tried again for nothing"],
  failures: [
    "a release or a snooze that counts no failure",
    "a job fails without having run, or before it has used its attempts"
  ],
  snoozes: [
    "the count of snoozes, which begins anew after a failed run",
    "a job fails because of snoozes of long ago"
  ],
  receipt: [
    "the receipt of an enqueue that is sent again, or its being sent again",
    "jobs twice, or an error"
  ],
  standby: ["waiting again for a synchronous standby", "an id of a job that a failover loses"],
  retriedSettlement: ["another try of a settlement", "jobs run again"],
  ownConnections: [
    "connections of a worker's own",
    "live workers are taken for dead; jobs wait"
  ],
  isolation: [
    "asking for READ COMMITTED on these connections, and not again where a pooler refuses it",
    "no claim succeeds; no connection does"
  ],
  silentPool: ["giving up a pool of which one connection is silent", "each of them is waited for"],
  hangingUp: [
    "closing a listener's connection before it stops listening",
    "a scope never closes"
  ],
  boundOfClosing: ["the bound of a closing worker", "a scope closes late"],
  newLease: ["the end of a lease from now, whatever was there", "a dead worker keeps its jobs"],
  lookAfterListen: ["a full look after each reconnect of `LISTEN`", "nothing is said"],
  announcing: ["a producer's word that it has added", late],
  asleep: ["a claim's word that it sleeps", late],
  turns: ["even turns of the queues of a worker", "a queue waits for others"],
  calm: ["asking ever more slowly for a due job that somebody has locked", "a worker that spins"],
  roomForWork: [
    "room for the work where connections are short",
    "a worker that lives and does nothing"
  ],
  selfFencing: ["self-fencing", "jobs with a key go on"],
  toldOnce: [
    "telling a worker once that it was taken for dead",
    "jobs that it claimed since are broken off"
  ],
  olderLife: [
    "leaving a claim alone that was answered after the worker was taken for dead and joined again",
    twoRuns
  ],
  freeSlots: [
    "deciding anew when a claimed job has started, or a stop was asked for before the claim",
    "free slots idle beside a long job, or a stop waits for a pause"
  ],
  completionInCommit: [
    "completing a job in the transaction of its effects",
    "the effects of a job that runs again"
  ],
  deferredCompletion: [
    "completing a job only at COMMIT",
    "a handler that computes locks its lease and its lane"
  ],
  fenceOfCommits: [
    "a COMMIT that fails if the job has left its lease",
    "the effects of two runs of one job"
  ],
  turnsOfCommits: ["the turns of commits that complete jobs of one lease", "handlers run again"],
  boundOfCommits: [
    "the bound of a COMMIT that gets no answer",
    "a slot waits until the operating system gives its connection up"
  ],
  questionOfCommits: [
    "the question after a COMMIT without an answer, which waits for the backend",
    "a completed job is given back, and counts as lost"
  ],
  settledByCommit: [
    "leaving a job alone that a transaction has completed",
    "it is recorded a second time, and its failure counts"
  ],
  turnsOfTransactions: ["the connections that transactional jobs leave", "the application waits"],
  isolationOfTransactions: ["the isolation level of a transactional run", "no COMMIT succeeds"],
  memoryTransactions: ["holding jobs back in memory until the run has ended", "a test misleads"],
  stubbornJobs: ["the lease of jobs that do not stop", "it is given up beside a running job"],
  signOff: ["the worker's row and leases when it signs off, and further tries", "leaked"],
  joinFirst: ["signing off only after joining", "leaked"],
  earlySignals: ["catching signals before anything else", "killed by a signal"],
  signalSteps: ["one step of a stop for each signal, never back up", "a step too many, or back up"],
  tellingChildren: [
    "telling a new child the mode, once it can hear and as it is by then",
    "the child never ends, or is killed"
  ],
  secondCheck: ["the second look at the mode before a child is replaced", "a child after the end"],
  orphans: ["the look whether the parent is still there", "an orphan never ends"],
  errorTexts: ["cleaning errors of what PostgreSQL refuses, NUL", "the job never ends"],
  boundOfPayloads: [
    "the bound of the payloads that a claim fetches",
    "a worker holds any number of bytes"
  ],
  missingPayloads: [
    "giving back jobs whose payload was not fetched",
    "a job fails of a payload that it does not have"
  ],
  defects: [
    "going on after a defect: of the renewal, of the work, of `LISTEN`",
    "a worker that lives and does nothing"
  ],
  defectsOfSettling: [
    "going on after a defect while settling, and asking twice where the refusal may be a mistake",
    "jobs run again, or are never recorded"
  ],
  hangs: ["the end of a process whose thread hangs", "the job keeps the process for ever"],
  deafChildren: ["the end of a child that does not hear", "a cancel never ends"],
  proofs: ["the proofs that a server must give before the session", "a session with anybody"],
  rightServer: [
    "the look at what kind of server it is, and at one server at a time",
    "a wrong session"
  ],
  passwordFile: ["the look at who may read the password file", "a password that others gave"],
  rights: ["the rights of functions", "a role can do less than it must, or more than it may"],
  check: [
    "a `pgq check` that leaves nothing, and mends",
    "a gap in the ids; a schema that stays lost"
  ],
  embeddedServer: [
    "the lock of the embedded server's last user, until the server has stopped, and starting it " +
    "again after",
    "a command loses its connection, or ends with an error"
  ],
  watchdogConnection: [
    "a watchdog that connects as the client does, or is refused",
    "a live worker is rescued, or another server's certificate is believed"
  ],
  watchdogThread: ["the refusal to be any other thread", "an application starts itself for ever"],
  watchdog: ["the watchdog of a busy thread", "a live worker is rescued"],
  ...mechanismsOfFaces,
  plans: ["the planner's settings of a hot statement", "a walk through a table"],
  indexes: ["each index that a hot statement needs", "a walk through a table"]
} as const satisfies Readonly<Record<string, readonly [mechanism: string, without: string]>>

export type Mechanism = keyof typeof mechanisms
