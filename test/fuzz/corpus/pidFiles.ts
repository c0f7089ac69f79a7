/**
 * What a pid file may hold instead of a pid.
 */
const token = "pgq:0123456789abcdef"

export const contents: ReadonlyArray<string> = [
  "",
  "\n",
  "\0",
  "0",
  `0\n${token}\n`,
  `1\n${token}\n`,
  `-1\n${token}\n`,
  `+1\n${token}\n`,
  `01\n${token}\n`,
  ` 1\n${token}\n`,
  `1 \n${token}\n`,
  `1.0\n${token}\n`,
  `1e3\n${token}\n`,
  `0x1\n${token}\n`,
  `１\n${token}\n`,
  `NaN\n${token}\n`,
  `Infinity\n${token}\n`,
  `2147483647\n${token}\n`,
  `2147483648\n${token}\n`,
  `4294967295\n${token}\n`,
  `4294967296\n${token}\n`,
  `9999999999\n${token}\n`,
  `99999999999999999999\n${token}\n`,
  "1",
  "1\n",
  "1\n2\n",
  `1\r\n${token}\r\n`,
  `1\n${token}`,
  `1\n${token}\n\n`,
  `1\n${token}\nmore`,
  "1\npgq:\n",
  "1\npgq:0123456789ABCDEF\n",
  "1\npgq:0123456789abcde\n",
  "1\npgq:0123456789abcdefa\n",
  "1\ngpq:0123456789abcdef\n",
  `1\n${token}\n\0`,
  `\uFEFF1\n${token}\n`,
  `1; rm -rf /\n${token}\n`,
  `$(id)\n${token}\n`,
  `__proto__\n${token}\n`,
  "\uD800",
  `${"9".repeat(1_000_000)}\n${token}\n`,
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
