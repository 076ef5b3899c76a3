// Counts the words of standard input: a command made with componentize-js.

import { getArguments, getEnvironment } from "wasi:cli/environment@0.2.12";
import { getStderr } from "wasi:cli/stderr@0.2.12";
import { getStdin } from "wasi:cli/stdin@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";

function all(input) {
  const bytes = [];
  try {
    for (;;) bytes.push(...input.blockingRead(4096n));
  } catch (end) {
    if (end.payload?.tag !== "closed") throw end;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

function print(output, text) {
  output.blockingWriteAndFlush(new TextEncoder().encode(text + "\n"));
}

export const run = {
  run() {
    const text = all(getStdin());
    const counts = new Map();
    for (const word of text.split(/\s+/).filter(Boolean)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const ranking = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    const words = ranking.reduce((sum, [, n]) => sum + n, 0);
    const out = getStdout();
    print(out, JSON.stringify({ arguments: getArguments().slice(1), words, first: ranking.slice(0, 3) }));
    print(out, "greeting " + new Map(getEnvironment()).get("GREETING"));
    print(getStderr(), "to stderr");
  },
};
