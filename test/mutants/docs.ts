/**
 * `npm run docs`: writes the table of mutants into the docs.
 */
import { readFileSync, writeFileSync } from "node:fs"
import * as Table from "./Table.ts"

writeFileSync(Table.page, Table.writtenInto(readFileSync(Table.page, "utf8")))
