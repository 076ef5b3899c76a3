// p1bridge for browsers: the module lies beside this file.
import { commands } from './command.js';

export { P1bridgeError } from './command.js';
export const { run, flatten, wrap, lower, link, check, inspect } = commands(async () => {
  const response = await fetch(new URL('./p1bridge.wasm', import.meta.url));
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  // Not compileStreaming: servers that do not know the type of .wasm are many.
  return WebAssembly.compile(await response.arrayBuffer());
});
