/**
 * Starts the dashboard.
 */
import { render } from "preact"
import * as Live from "../state/live.ts"
import * as Now from "../state/now.ts"
import * as Route from "../state/route.ts"
import * as Session from "../state/session.ts"
import * as Settings from "../state/settings.ts"
import { App } from "./App.tsx"
import * as Keys from "./keys.ts"

Settings.begin()
Route.begin()
Now.begin()
Keys.begin()
const place = document.getElementById("app")
if (place !== null) render(<App />, place)
await Session.begin()
Live.begin()
