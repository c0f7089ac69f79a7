/**
 * The mechanisms of all that shows the queue to people and programs: the HTTP API, the dashboard,
 * the probes and the figures. They follow those of the engine in the table.
 */
export const mechanismsOfFaces = {
  hostsOfApi: [
    "the hosts that the HTTP API is asked for, and the pages that ask it",
    "a page of another site reads jobs"
  ],
  changesOfPages: [
    "the marks of a change that a page of another site cannot send",
    "a page of another site changes jobs"
  ],
  headersOfApi: ["the headers of every answer", "a page of another site frames the API"],
  gateOfApi: ["the right that each endpoint needs", "somebody changes what they may only see"],
  secretsInPayloads: [
    "the mask in place of the secrets in payloads",
    "a password is read by all who may see payloads, or overwritten by its mask"
  ],
  partsOfLists: [
    "the last job of each part of a list, and the time at which the list was asked for",
    "a list ends before its last job, or shows a job twice"
  ],
  readOnlySessions: [
    "read-only sessions behind a read-only API",
    "a fault of the API changes something"
  ],
  triesOfSecrets: ["the bound of wrong secrets in a minute", "a password is guessed"],
  sealOfSessions: ["the seal and the end of a session", "anybody makes a session"],
  trustInProxies: ["believing the proxies alone that are named", "anybody names themselves"],
  listenersOfLooks: [
    "looking only while somebody listens",
    "an idle server asks the database for ever"
  ],
  boundOfListeners: ["the bound of those who listen", "pages use up the server's connections"],
  endOfListening: ["the end of streams with their server", "a server that stops waits for pages"],
  privateAddress: ["the refusal of an open address without an --auth", "anybody changes jobs"],
  liveProbe: [
    "the look at the claim loop, and at nothing else, of the live probe",
    "a worker that claims nothing stays; an outage of the database starts all workers again"
  ],
  readyProbe: ["the look at the database's last answer", "a deployment goes on in an outage"],
  unseenSpans: ["no span and no trace without a tracer", "each job pays for spans of nobody"],
  brokenTraces: ["taking a text that is of no span for none", "a job fails for its trace"],
  requestsToStop: [
    "the life and the strictness of a request to stop",
    "a worker stops that nobody has asked, or lets its jobs run on after a cancel"
  ],
  quietStore: [
    "statements of the worker without spans",
    "spans all day from a worker without jobs"
  ],
  spanOfRun: ["the span of the run, and no other one, around a handler", "one trace for all jobs"],
  runCounts: ["one count for each end of a run", "figures that are not what happened"]
} as const satisfies Readonly<Record<string, readonly [mechanism: string, without: string]>>
