/**
 * Sessions of browsers. The cookie itself says whose it is, for what, and until when; nothing is
 * stored. A session ends with the process, whose key nobody else has.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import type { Access, Right } from "./Access.ts"

export interface Sessions {
  /** The value of the cookie. Times are milliseconds. */
  readonly seal: (access: Access, now: number) => string
  /** `undefined` for a cookie that is wrong or has expired. */
  readonly open: (cookie: string, now: number) => Access | undefined
}

export const cookieName = "pgq_session"

/** 12 hours, in seconds. */
export const ageMax = 43_200

export const make = (key: Buffer = randomBytes(32)): Sessions => {
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("base64url")
  return {
    seal: ({ actor, rights }, now) => {
      const content: Content = [now + ageMax * 1000, actor, Array.from(rights)]
      const text = Buffer.from(JSON.stringify(content)).toString("base64url")
      return `${text}.${sign(text)}`
    },
    open: (cookie, now) => {
      const [text = "", signature = ""] = cookie.split(".")
      if (!isSame(signature, sign(text))) return undefined
      const [until, actor, rights]: Content = JSON.parse(Buffer.from(text, "base64url").toString())
      return now < until
        ? { actor, rights: new Set(rights) }
        : undefined
    }
  }
}

type Content = readonly [until: number, actor: string, rights: ReadonlyArray<Right>]

/** Two signatures of one length take the same time, wherever they differ. */
const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
