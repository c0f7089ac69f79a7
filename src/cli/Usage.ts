/**
 * Help and version go to stdout as data; a mistake is one line on stderr.
 */
import { Console, type Layer } from "effect"
import { CliOutput } from "effect/cli"
import * as ErrorLine from "./ErrorLine.ts"
import * as Log from "./Log.ts"

export const layer: Layer.Layer<never> = CliOutput.layerPresenter({
  present: (event) => {
    const formatter = CliOutput.defaultFormatter()
    switch (event._tag) {
      case "Help":
        return Console.log(formatter.formatHelpDoc(event.helpDoc))
      case "InvalidInvocation": {
        const mistakes = event.errors.map(ErrorLine.of).join("; ")
        return Log.print([
          `pgq: ${withoutPasswords(mistakes)} (see ${event.commandPath.join(" ")} --help)`
        ])
      }
      case "Version":
        return Console.log(`${event.name} ${event.version}`)
    }
  }
})

/** The message about a mistake repeats the mistaken argument, which may be a connection string. */
const withoutPasswords = (text: string): string =>
  text.replace(/:\/\/\S*@/g, "://…@").replace(/(word|pwd)(\s*=\s*)('[^']*'|[^\s"]+)/gi, "$1$2…")
