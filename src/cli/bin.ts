#!/usr/bin/env node
/**
 * The program's entry: catches signals first, then loads everything else.
 */
import * as nodeModule from "node:module"
import * as MissingPackage from "./MissingPackage.ts"
import * as Program from "./Program.ts"
import * as SignalLatch from "./SignalLatch.ts"

SignalLatch.install()
// Node 20 has none. The next start finds the code compiled, also when this process is killed.
nodeModule.enableCompileCache?.()
void Program.load().then(({ main }) => main(), MissingPackage.end)
setTimeout(() => nodeModule.flushCompileCache?.(), 2000).unref()
