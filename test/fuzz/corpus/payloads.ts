/**
 * Payloads as JSON text: rare but valid JSON, and texts that are not JSON.
 */
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`

/** Payloads that the table refuses. Node before version 26 cannot write them again as JSON. */
export const tooDeep: Readonly<Record<string, string>> = {
  "a hundred thousand deep": nested(100_000)
}

export const payloads: Readonly<Record<string, string>> = {
  "null": "null",
  "a number": "0",
  "minus zero": "-0",
  "a large integer": "9007199254740993",
  "a number beyond 64 bits": "123456789012345678901234567890",
  "a number beyond a double": "1e400",
  "a tiny number": "1e-400",
  "a number of many digits": "1e10000",
  "a number of the most digits": "1e131071",
  "a number beyond numeric": "1e131072",
  "a fraction of many digits": `0.${"1".repeat(5000)}`,
  "an empty string": "\"\"",
  "an empty array": "[]",
  "an empty object": "{}",
  "an empty key": "{\"\":1}",
  "a key twice": "{\"a\":1,\"a\":2}",
  "__proto__": "{\"__proto__\":{\"polluted\":true}}",
  "constructor": "{\"constructor\":{\"prototype\":{\"polluted\":true}}}",
  "a then": "{\"then\":1}",
  "a toJSON": "{\"toJSON\":\"x\"}",
  "NUL, escaped": "\"\\u0000\"",
  "NUL in a key": "{\"\\u0000\":1}",
  "a backslash before what looks like NUL": "\"\\\\u0000\"",
  "half a pair, escaped": "\"\\ud800\"",
  "half a pair, raw": "\"\uD800\"",
  "a pair, escaped": "\"\\ud83d\\ude00\"",
  "a pair the wrong way round": "\"\\ude00\\ud83d\"",
  "noncharacters": "\"\\uffff\\ufffe\"",
  "line separators": "\"\u2028\u2029\"",
  "a hundred deep": nested(100),
  "a thousand deep": nested(1000),
  "many keys": `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":${i}`).join()}}`,
  "as large as may be": `"${"x".repeat(1_048_574)}"`,
  "a byte too large": `"${"x".repeat(1_048_575)}"`,
  "larger in the table than as sent": `[${Array.from({ length: 250_000 }, () => "1").join()}]`,
  "eight mebibytes": `"${"x".repeat(8_388_608)}"`,
  "nothing": "",
  "a word": "undefined",
  "NaN": "NaN",
  "a trailing comma": "[1,]",
  "a comment": "{} // x",
  "single quotes": "{'a':1}",
  "two values": "{} {}",
  "a byte order mark": "\uFEFF{}",
  "an unclosed string": "\"abc",
  "a raw control character": "\"a\u0001b\"",
  "a raw NUL": "\"a\0b\"",
  "SQL": "{}'; DROP TABLE pgq.jobs; --"
}
