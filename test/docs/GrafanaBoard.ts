/**
 * The board of Grafana: one row for each question, in the order in which people ask.
 */

export const page = "docs/grafana.json"

interface Panel {
  readonly title: string
  /** As Grafana names units. */
  readonly unit: "s" | "short" | "ops" | "bytes"
  /** PromQL, and the legend of its series. */
  readonly queries: ReadonlyArray<readonly [query: string, legend: string]>
}

const inQueue = "messaging_destination_name=~\"$queue\""
const queue = "{{messaging_destination_name}}"

const byQueue = (metric: string) => `max by (messaging_destination_name) (${metric}{${inQueue}})`

/** The 95th percentile of a histogram. */
const p95 = (metric: string, by: string, where: string) =>
  `histogram_quantile(0.95, sum by (le, ${by}) (rate(${metric}_bucket{${where}}[$__rate_interval])))`

const rows: Readonly<Record<string, ReadonlyArray<Panel>>> = {
  "Are jobs late?": [
    {
      title: "How long the first ready job has waited",
      unit: "s",
      queries: [[byQueue("pgq_queue_latency_seconds"), queue]]
    },
    {
      title: "How overdue the first due job is",
      unit: "s",
      queries: [[byQueue("pgq_queue_lag_seconds"), queue]]
    },
    {
      title: "Wait until the handler begins, 95 %",
      unit: "s",
      queries: [[
        p95("pgq_job_wait_duration_seconds", "messaging_destination_name", inQueue),
        queue
      ]]
    },
    {
      title: "Ready jobs",
      unit: "short",
      queries: [[
        `max by (messaging_destination_name) (pgq_queue_jobs{pgq_state="ready", ${inQueue}})`,
        queue
      ]]
    }
  ],
  "Are they moving?": [
    {
      title: "Ends of runs",
      unit: "ops",
      queries: [[
        `sum by (pgq_outcome) (rate(pgq_job_settled_total{${inQueue}}[$__rate_interval]))`,
        "{{pgq_outcome}}"
      ]]
    },
    {
      title: "Jobs by state",
      unit: "short",
      queries: [[
        `sum by (pgq_state) (max by (messaging_destination_name, pgq_state) (pgq_queue_jobs{${inQueue}}))`,
        "{{pgq_state}}"
      ]]
    },
    {
      title: "Runs, 95 %",
      unit: "s",
      queries: [[
        p95("messaging_process_duration_seconds", "pgq_job_name", inQueue),
        "{{pgq_job_name}}"
      ]]
    },
    {
      title: "Lanes that wait",
      unit: "short",
      queries: [
        [byQueue("pgq_lanes_blocked"), `${queue}: for a person`],
        [byQueue("pgq_lanes_retrying"), `${queue}: for the next try`]
      ]
    }
  ],
  "Who works?": [
    {
      title: "Live workers",
      unit: "short",
      queries: [[byQueue("pgq_queue_workers"), queue]]
    },
    {
      title: "Slots, and those in use",
      unit: "short",
      queries: [
        ["sum(pgq_worker_slots)", "slots"],
        ["sum(pgq_worker_running)", "running"],
        ["sum(pgq_worker_claimed)", "claimed, not started"]
      ]
    },
    {
      title: "Versions, and deaths in ten minutes",
      unit: "short",
      queries: [
        ["max by (pgq_version) (pgq_workers_live)", "{{pgq_version}}"],
        ["max(increase(pgq_workers_ended_total{pgq_end=\"died\"}[10m]))", "died"]
      ]
    },
    {
      title: "Age of renewals, and delay of the thread",
      unit: "s",
      queries: [
        ["max by (instance) (pgq_worker_renewal_age_seconds)", "{{instance}}: renewal"],
        ["max by (instance) (pgq_worker_loop_delay_seconds)", "{{instance}}: delay"]
      ]
    }
  ],
  "Is the database the problem?": [
    {
      title: "Answers of the store, 95 %",
      unit: "s",
      queries: [[
        p95("messaging_client_operation_duration_seconds", "messaging_operation_name", ""),
        "{{messaging_operation_name}}"
      ]]
    },
    {
      title: "Errors of the store",
      unit: "ops",
      queries: [
        [
          "sum by (messaging_operation_name, error_type) " +
          "(rate(pgq_store_errors_total[$__rate_interval]))",
          "{{messaging_operation_name}} {{error_type}}"
        ],
        [
          "sum by (error_type, pgq_part) (rate(pgq_look_errors_total[$__rate_interval]))",
          "look {{error_type}} {{pgq_part}}"
        ]
      ]
    },
    {
      title: "How long dead rows are kept",
      unit: "s",
      queries: [
        ["max by (pgq_holder) (pgq_db_horizon_age_seconds)", "{{pgq_holder}}"],
        [p95("pgq_look_duration_seconds", "instance", ""), "{{instance}}: a look, 95 %"]
      ]
    },
    {
      title: "Dead rows",
      unit: "short",
      queries: [
        ["max by (pgq_table) (pgq_db_dead_tuples)", "{{pgq_table}}"],
        ["max by (pgq_parent) (pgq_history_unpartitioned)", "{{pgq_parent}} without a partition"]
      ]
    },
    {
      title: "Size of tables",
      unit: "bytes",
      queries: [["max by (pgq_table) (pgq_db_size_bytes)", "{{pgq_table}}"]]
    }
  ]
}

/** All queries of the panels. */
export const queries: ReadonlyArray<string> = Object.values(rows).flat()
  .flatMap(({ queries }) => queries.map(([query]) => query))

const datasource = { type: "prometheus", uid: "${datasource}" }

const width = 6
const height = 8

const panelOf = ({ queries, title, unit }: Panel, { id, x, y }: {
  readonly id: number
  readonly x: number
  readonly y: number
}) => ({
  id,
  type: "timeseries",
  title,
  datasource,
  gridPos: { h: height, w: width, x, y },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  targets: queries.map(([expr, legendFormat], n) => ({
    refId: String.fromCodePoint(65 + n),
    datasource,
    expr,
    legendFormat
  }))
})

const rowOf = ([title, panels]: readonly [string, ReadonlyArray<Panel>], place: number) => {
  const id = (place + 1) * 100
  // The row before may have more panels than one line has room for.
  const y = place * (2 * height + 1)
  return [
    { id, type: "row", title, collapsed: false, gridPos: { h: 1, w: 24, x: 0, y }, panels: [] },
    ...panels.map((panel, n) =>
      panelOf(panel, {
        id: id + n + 1,
        x: n * width % 24,
        y: y + 1 + Math.floor(n * width / 24) * height
      })
    )
  ]
}

const board = {
  title: "pgq",
  uid: "pgq",
  schemaVersion: 39,
  tags: ["pgq"],
  editable: true,
  graphTooltip: 1,
  refresh: "30s",
  time: { from: "now-1h", to: "now" },
  templating: {
    list: [
      { name: "datasource", type: "datasource", query: "prometheus" },
      {
        name: "queue",
        type: "query",
        datasource,
        query: "label_values(pgq_queue_jobs, messaging_destination_name)",
        multi: true,
        includeAll: true,
        allValue: ".*",
        refresh: 2
      }
    ]
  },
  panels: Object.entries(rows).flatMap(rowOf)
}

/** The text of the board. */
export const writtenInto = (): string => `${JSON.stringify(board, undefined, 2)}\n`
