// Every function of the package on every file of a folder: node corpus.mjs FOLDER OUT. What each gives is a file in OUT, of the name
// FILE.FUNCTION: bytes, JSON as the command prints it, or `error CODE: MESSAGE`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { check, flatten, inspect, lower, P1bridgeError, wrap } from 'p1bridge';

const [folder, out] = process.argv.slice(2);
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const functions = {
  flatten,
  wrap,
  lower: (bytes) => lower(bytes, { profile: 'wamr-2020', arena: '8k' }),
  check: async (bytes) => json(await check(bytes, { profile: 'mvp' })),
  inspect: async (bytes) => json(await inspect(bytes)),
};
for (const file of readdirSync(folder)) {
  const bytes = new Uint8Array(readFileSync(join(folder, file)));
  const before = bytes.slice();
  for (const [name, work] of Object.entries(functions)) {
    const result = await work(bytes).catch((error) => {
      if (!(error instanceof P1bridgeError)) throw error;
      return `error ${error.code}: ${error.message}`;
    });
    writeFileSync(join(out, `${file}.${name}`), result);
  }
  if (Buffer.compare(before, bytes)) throw new Error(`${file}: the bytes of the caller have changed`);
}
