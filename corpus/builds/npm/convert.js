// The same without a bundler: node convert.js IN.wasm OUT.wasm
import { readFile, writeFile } from 'node:fs/promises';

import { flatten } from 'p1bridge';

const [input, output] = process.argv.slice(2);
await writeFile(output, await flatten(await readFile(input), { profile: 'wamr-2020', onMessage: console.log }));
