/**
 * Mutants of the HTTP API: of its guard, its gate, and the ways to show who one is.
 */
import { type Mutant, test } from "./Mutant.ts"

const masked = test(
  "http/redaction",
  "have no secrets, wherever the API shows them, and stay in the store"
)

export const ofHttp: ReadonlyArray<Mutant> = [
  {
    name: "any-host",
    of: "hostsOfApi",
    changes: [{
      file: "src/http/Guard.ts",
      from: "if (!hosts.has(host) && !(allowsAddresses && isAddress(host))) {",
      to: "if (false) {"
    }],
    by: [test("http/guard", "turns away requests for another host, wherever they lead")]
  },
  {
    name: "metrics-for-any-host",
    of: "hostsOfApi",
    changes: [{
      file: "src/cli/api/MetricsServer.ts",
      from: "Guard.protect(answer(yield* QueueMetrics.prometheus), options)",
      to: "answer(yield* QueueMetrics.prometheus)"
    }],
    by: [
      test(
        "cli/metrics",
        "serves the metrics of the schema to whoever calls it by its name or an address"
      )
    ]
  },
  {
    name: "any-page-may-read",
    of: "hostsOfApi",
    changes: [{
      file: "src/http/Guard.ts",
      from: "if (origin !== undefined && !hosts",
      to: "if (origin === \"\" && !hosts"
    }],
    by: [test("http/guard", "turns away pages of another host that only read")]
  },
  {
    name: "any-form-may-change",
    of: "changesOfPages",
    changes: [{
      file: "src/http/Guard.ts",
      from: "return headers[\"x-pgq\"] !== \"1\"",
      to: "return headers[\"x-pgq\"] === \"0\""
    }],
    by: [test("http/guard", "lets no page of another site change anything")]
  },
  {
    name: "any-text-may-change",
    of: "changesOfPages",
    changes: [{
      file: "src/http/Guard.ts",
      from: "request.method !== \"DELETE\" && !/^application",
      to: "request.method === \"\" && !/^application"
    }],
    by: [test("http/guard", "lets no page of another site change anything")]
  },
  {
    name: "any-site-may-change",
    of: "changesOfPages",
    changes: [{
      file: "src/http/Guard.ts",
      from: "? site === \"same-origin\"",
      to: "? site !== \"\""
    }],
    by: [test("http/guard", "lets no page of another site change anything")]
  },
  {
    name: "any-origin-of-a-known-host-may-change",
    of: "changesOfPages",
    changes: [{
      file: "src/http/Guard.ts",
      from: "\"\") === hostOf(request)",
      to: "\"\") !== \"\""
    }],
    by: [test("http/guard", "lets no page of another site change anything")]
  },
  {
    name: "bare-answer-where-nothing-is",
    of: "headersOfApi",
    changes: [{
      file: "src/http/Guard.ts",
      from: "        ...headers,\n",
      to: "        ...(response.status === 404 ? {} : headers),\n"
    }],
    by: [test("http/guard", "sets its headers on every answer")]
  },
  {
    name: "framed-by-anybody",
    of: "headersOfApi",
    changes: [{
      file: "src/http/Mount.ts",
      from: "?.filter(WebOrigin.is)",
      to: ""
    }],
    by: [test("http/guard", "lets the pages be framed by those alone that are named")]
  },
  {
    name: "gate-open",
    of: "gateOfApi",
    changes: [{
      file: "src/http/Gate.ts",
      from: "right === undefined || !access.rights.has(right)",
      to: "right === undefined"
    }],
    by: [test("http/rights", "is closed to everybody who has all rights but its own")]
  },
  {
    name: "endpoint-without-a-right",
    of: "gateOfApi",
    changes: [{
      file: "src/http/QueuesApi.ts",
      from: ".annotate(Needs, \"pause\")",
      to: ".annotate(Needs, \"read\")"
    }],
    by: [test("http/rights", "that changes something needs a right beyond reading")]
  },
  {
    name: "read-only-mount-that-changes",
    of: "gateOfApi",
    changes: [{
      file: "src/http/Mount.ts",
      from: "!(readOnly && Gate.isChange(right))",
      to: "!(readOnly && right === \"delete\")"
    }],
    by: [test("http/rights", "changes nothing, by whatever endpoint")]
  },
  {
    name: "raw-payload-with-secrets",
    of: "secretsInPayloads",
    changes: [{
      file: "src/http/JobsLive.ts",
      from: "Effect.flatMap(stored(params.id), shown(params.id))",
      to: "Effect.map(stored(params.id), ({ payload }) => payload)"
    }],
    by: [masked]
  },
  {
    name: "secrets-on-the-job-page",
    of: "secretsInPayloads",
    changes: [{
      file: "src/http/JobsLive.ts",
      from: "rights.has(\"payloads\") ? yield* shown(id)(job)",
      to: "rights.has(\"payloads\") ? job.payload"
    }],
    by: [masked]
  },
  {
    name: "masks-overwrite-secrets",
    of: "secretsInPayloads",
    changes: [{
      file: "src/http/JobInput.ts",
      from: "payload?.includes(Masking.maskText) === true",
      to: "payload === Masking.maskText"
    }],
    by: [masked, test("http/operations", "show no secrets, and store no masks")]
  },
  {
    name: "secrets-searched-for",
    of: "secretsInPayloads",
    changes: [{
      file: "src/http/Searches.ts",
      from: "if (secret !== undefined) {",
      to: "if (secret === \"\") {"
    }],
    by: [test("http/searches", "finds no job by a secret that is not shown")]
  },
  {
    name: "texts-of-hidden-fields",
    of: "secretsInPayloads",
    changes: [{
      file: "src/http/Searches.ts",
      from: "if (yield* Shown.IsDecided) {",
      to: "if (false) {"
    }],
    by: [
      test(
        "http/searches",
        "finds no job by its payload where the application decides what is shown"
      )
    ]
  },
  {
    name: "texts-of-payloads-with-secrets",
    of: "secretsInPayloads",
    changes: [{
      file: "src/domain/SecretNames.ts",
      from: "([^\"\\\\\\\\]|\\\\\\\\.)*\":`",
      to: "\":nowhere`"
    }],
    by: [test("engine/control/jobLists", "finds none by the text of a payload with a secret")]
  },
  {
    name: "session-that-writes",
    of: "readOnlySessions",
    changes: [{
      file: "src/cli/api/ApiClient.ts",
      from: "default_transaction_read_only: \"on\"",
      to: "default_transaction_read_only: \"off\""
    }],
    by: [
      test("http/readOnly", "refuses every change that the API lets pass, and is read as before")
    ]
  },
  {
    name: "guessing-without-end",
    of: "triesOfSecrets",
    changes: [{
      file: "src/http/Credentials.ts",
      from: "if (access === undefined) throttle.failed(peer, now)\n",
      to: ""
    }],
    by: [test("http/credentials", "that is wrong can be tried ten times a minute")]
  },
  {
    name: "sessions-locked-out",
    of: "triesOfSecrets",
    changes: [{
      file: "src/http/Credentials.ts",
      from: "return access ?? (yield* check(request))",
      to: "return (yield* check(request)) ?? access"
    }],
    by: [test("http/credentials", "is no guess, so others cannot lock it out")]
  },
  {
    name: "forged-session",
    of: "sealOfSessions",
    changes: [{
      file: "src/http/Sessions.ts",
      from: "if (!isSame(signature, sign(text))) return undefined\n",
      to: ""
    }],
    by: [test("http/credentials", "cannot be forged, nor taken to another server")]
  },
  {
    name: "session-without-end",
    of: "sealOfSessions",
    changes: [{
      file: "src/http/Sessions.ts",
      from: "return now < until",
      to: "return until > 0"
    }],
    by: [test("http/credentials", "takes the place of a token for 12 hours")]
  },
  {
    name: "any-proxy-is-believed",
    of: "trustInProxies",
    changes: [{
      file: "src/http/Credentials.ts",
      from: "user !== \"\" && isFrom(trusted, request)",
      to: "user !== \"\" && trusted.length > 0"
    }],
    by: [
      test("http/credentials", "that is not trusted names nobody, whatever it says of itself")
    ]
  },
  {
    name: "looks-that-go-on-alone",
    of: "listenersOfLooks",
    changes: [{
      file: "src/http/Live.ts",
      from: "strategy: \"sliding\", replay: 1 })",
      to: "strategy: \"sliding\", replay: 1, idleTimeToLive: \"1 hour\" })"
    }],
    by: [test("http/live", "are not made when nobody listens")]
  },
  {
    name: "listeners-without-bound",
    of: "boundOfListeners",
    changes: [{
      file: "src/http/Live.ts",
      from: "if (listeners >= listenersMax) {",
      to: "if (false) {"
    }],
    by: [
      test("http/live", "turns away those who come when too many listen, until one leaves")
    ]
  },
  {
    name: "stream-that-outlives-its-server",
    of: "endOfListening",
    changes: [{
      file: "src/http/ServerEnd.ts",
      from: "isListening === true",
      to: "isListening !== undefined"
    }],
    by: [test("http/live", "ends at once when the server stops")]
  },
  {
    name: "stream-that-outlives-its-session",
    of: "sealOfSessions",
    changes: [{
      file: "src/http/Live.ts",
      from: "Effect.option(check(request))",
      to: "Effect.succeedSome({ rights: new Set([\"read\"]), request, check })"
    }],
    by: [
      test(
        "http/live",
        "gives a sign of life every 15 seconds, until the client may not read any more"
      )
    ]
  },
  {
    name: "open-to-others-without-auth",
    of: "privateAddress",
    changes: [{
      file: "src/cli/api/Listen.ts",
      from: "\"path\" in listen || listen",
      to: "true || listen"
    }],
    by: [test("cli/listen", "may be reached by others")]
  }
]
