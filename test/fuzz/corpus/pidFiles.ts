/**
 * Contents of pid files that must not lead to a signal, and contents of `/proc/PID/stat`.
 */
const fingerprint = "pgq:0123456789abcdef"

export const contents: ReadonlyArray<string> = [
  "",
  "\n",
  "\0",
  "0",
  `0\n${fingerprint}\n`,
  `1\n${fingerprint}\n`,
  `-1\n${fingerprint}\n`,
  `+1\n${fingerprint}\n`,
  `01\n${fingerprint}\n`,
  ` 1\n${fingerprint}\n`,
  `1 \n${fingerprint}\n`,
  `1.0\n${fingerprint}\n`,
  `1e3\n${fingerprint}\n`,
  `0x1\n${fingerprint}\n`,
  `１\n${fingerprint}\n`,
  `NaN\n${fingerprint}\n`,
  `Infinity\n${fingerprint}\n`,
  `2147483647\n${fingerprint}\n`,
  `2147483648\n${fingerprint}\n`,
  `4294967295\n${fingerprint}\n`,
  `4294967296\n${fingerprint}\n`,
  `9999999999\n${fingerprint}\n`,
  `99999999999999999999\n${fingerprint}\n`,
  "1",
  "1\n",
  "1\n2\n",
  `1\r\n${fingerprint}\r\n`,
  `1\n${fingerprint}`,
  `1\n${fingerprint}\n\n`,
  `1\n${fingerprint}\nmore`,
  "1\npgq:\n",
  "1\npgq:0123456789ABCDEF\n",
  "1\npgq:0123456789abcde\n",
  "1\npgq:0123456789abcdefa\n",
  "1\ngpq:0123456789abcdef\n",
  `1\n${fingerprint}\n\0`,
  `\uFEFF1\n${fingerprint}\n`,
  `1; rm -rf /\n${fingerprint}\n`,
  `$(id)\n${fingerprint}\n`,
  `__proto__\n${fingerprint}\n`,
  "\uD800",
  `${"9".repeat(1_000_000)}\n${fingerprint}\n`,
  "\n".repeat(1_000_000),
  "a".repeat(5_000_000)
]

export const stats: ReadonlyArray<string> = [
  "",
  ")",
  "1 (node) S",
  "1 (a) b) S 1 1 1",
  "1 (x) Z 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 77 1",
  "1 (x S 1 1 1",
  "\0\0\0",
  `1 (${"(".repeat(100_000)}) S 1`
]
