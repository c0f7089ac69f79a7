/**
 * Lengths of time, as people read them. The dashboard uses this module in the browser, so it
 * imports nothing.
 */

/** With the precision that people need: 250ms, 3.2s, 5m 10s, 2h 5m, 3d 4h. */
export const ofSeconds = (seconds: number): string => {
  const millis = Math.floor(Math.max(seconds, 0) * 1000 + 1e-6)
  const whole = Math.floor(millis / 1000)
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(whole / unit))
  if (days) return `${days}d ${hours! % 24}h`
  if (hours) return `${hours}h ${minutes! % 60}m`
  if (minutes) return `${minutes}m ${whole % 60}s`
  if (whole > 0) return `${whole}.${Math.floor(millis % 1000 / 100)}s`
  return `${millis}ms`
}
