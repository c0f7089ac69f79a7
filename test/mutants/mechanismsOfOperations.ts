/**
 * The mechanisms of operations, as `mechanisms.ts` has the others.
 */
export const mechanismsOfOperations = {
  plannedJobs: ["the list of an operation's jobs", "an operation meets jobs that nobody has seen"],
  leasesOfOperations: [
    "the looks of an operation at the leases",
    "an operation stops the run of a worker"
  ],
  itemsOfOperations: ["the locks on the items of an operation", "a job is met twice"],
  stateOfOperations: [
    "the look of each chunk at the state of its operation, under a shared lock",
    "jobs change after a stop, or beside an undo"
  ],
  singleUndo: [
    "the look whether a job is as its operation has left it",
    "an undo takes back what was done later"
  ],
  leasesOfUndos: ["the look of an undo at the leases", "a job changes while it runs"],
  finalEnds: [
    "leaving a head ended that its lane waited for",
    "a lane has two heads, or another order"
  ],
  runsOfServers: [
    "the run of an operation in the scope of the server, not of the request",
    "a client that leaves ends the run between two jobs"
  ]
} as const
