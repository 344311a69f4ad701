// Reads one JSON value from standard input, hands each element to `work`, writes the list of results.
// An element that fails becomes null: the caller asks only whether it worked.
export async function each(work) {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  const results = [];
  for (const item of JSON.parse(Buffer.concat(parts).toString())) {
    try {
      results.push(await work(item));
    } catch {
      results.push(null);
    }
  }
  process.stdout.write(JSON.stringify(results));
}

export const toBase64 = (bytes) => Buffer.from(bytes).toString("base64");
export const fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));
