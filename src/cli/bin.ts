#!/usr/bin/env node
/**
 * The program's entry: catches signals first, then loads everything else.
 */
import * as MissingPackage from "./MissingPackage.ts"
import * as SignalLatch from "./SignalLatch.ts"

SignalLatch.install()
void import("./main.ts").then(({ main }) => main(), MissingPackage.end)
