#!/usr/bin/env node
// The command, on node's own Preview 1: all files of this machine are its files.
import { readFile } from 'node:fs/promises';
import { parse } from 'node:path';

// `process` is not imported: its module opens standard input, and reads of a pipe do not wait then.

// Every node calls `node:wasi` experimental, at every start.
process.removeAllListeners('warning');
const { WASI } = await import('node:wasi');

const { root } = parse(process.cwd());
const wasi = new WASI({
  version: 'preview1',
  args: ['p1bridge', ...process.argv.slice(2)],
  // Preview 1 has no working folder.
  env: { PWD: `/${process.cwd().slice(root.length).replaceAll('\\', '/')}` },
  preopens: { '/': root },
  returnOnExit: true,
});
// Called by way of functions of its own: node 20 forgets that a module which calls `wasiImport` itself needs it, and once it has
// collected the garbage, it aborts.
const preview1 = Object.fromEntries(
  Object.entries(wasi.wasiImport).map(([name, work]) => [name, (...given) => work(...given)]),
);
const module = await WebAssembly.compile(await readFile(new URL('./p1bridge.wasm', import.meta.url)));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, { wasi_snapshot_preview1: preview1 }));
