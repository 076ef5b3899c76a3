// Shows what the pipeline makes of the records.

import { run as transform } from "corpus:pipeline/transform@0.1.0";
import { getStdout } from "wasi:cli/stdout@0.2.12";

function print(text) {
  getStdout().blockingWriteAndFlush(new TextEncoder().encode(text + "\n"));
}

export const run = {
  run() {
    const records = transform(0);
    for (const { name, value, tags } of records) print(JSON.stringify({ name, value, tags }));
    print(`${records.length} records, ${records.reduce((sum, { value }) => sum + value, 0)}`);
    try {
      transform(1e6);
    } catch (error) {
      print(`none: ${error.payload}`);
    }
  },
};
