/**
 * A page in the text format of Prometheus.
 */
import { HttpServerResponse } from "effect/http"

export const page = (text: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(text, {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    headers: { "cache-control": "no-store" }
  })
