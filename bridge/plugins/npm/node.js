// p1bridge for node: the module is a file.
import { readFile } from 'node:fs/promises';

import { commands } from './command.js';

export { P1bridgeError } from './command.js';
export const { run, flatten, wrap, lower, link, check, inspect } = commands(async () =>
  WebAssembly.compile(await readFile(new URL('./p1bridge.wasm', import.meta.url))),
);
