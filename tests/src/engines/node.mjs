// Runs one core module on node's own WASI: node node.mjs FOLDER, where FOLDER has module.wasm and
// order.json. Stdio is this process's. Leaves answer.json in FOLDER.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WASI } from "node:wasi";

const folder = process.argv[2];
const order = JSON.parse(readFileSync(join(folder, "order.json")));
const answer = { refused: null, exit: { Code: 0 }, results: [] };
const end = () => writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));

let wasi, module, instance;
try {
  wasi = new WASI({
    version: "preview1",
    args: order.argv,
    env: Object.fromEntries(order.env),
    preopens: Object.fromEntries(order.preopens.map(([host, guest]) => [guest, host])),
    returnOnExit: true,
  });
  module = new WebAssembly.Module(readFileSync(join(folder, "module.wasm")));
  // Node 20 forgets that a module which calls `wasiImport` itself needs it: it aborts after it has collected the garbage.
  const functions = Object.entries(wasi.wasiImport).map(([name, work]) => [name, (...given) => work(...given)]);
  instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: Object.fromEntries(functions) });
} catch (error) {
  answer.refused = String(error);
  end();
  process.exit(0);
}
try {
  if (order.calls.length === 0) {
    answer.exit.Code = wasi.start(instance);
  } else {
    // Calls _initialize, where there is one; it refuses an instance with _start.
    wasi.initialize(instance);
    for (const call of order.calls) {
      const result = instance.exports[call.export](...call.args);
      answer.results.push(result === undefined ? null : result);
    }
  }
} catch (error) {
  answer.exit = { Trap: String(error) };
}
end();
