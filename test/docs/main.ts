/**
 * `npm run docs`: writes the tables that are generated from sources into the documentation.
 */
import { readFileSync, writeFileSync } from "node:fs"
import * as MutantTable from "../mutants/Table.ts"
import * as ApiTable from "./ApiTable.ts"
import * as DecisionTable from "./DecisionTable.ts"
import * as GrafanaBoard from "./GrafanaBoard.ts"
import * as LogTable from "./LogTable.ts"
import * as MetricTable from "./MetricTable.ts"

const tables = [MutantTable, LogTable, MetricTable, DecisionTable, ApiTable, GrafanaBoard]

for (const { page, writtenInto } of tables) {
  writeFileSync(page, writtenInto(readFileSync(page, "utf8")))
}
