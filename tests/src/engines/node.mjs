// Runs one core module on node's own WASI: node node.mjs FOLDER, where FOLDER has module.wasm and
// spec.json. Stdio is this process's. Leaves ended.json in FOLDER.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WASI } from "node:wasi";

const folder = process.argv[2];
const spec = JSON.parse(readFileSync(join(folder, "spec.json")));
const answer = { refused: null, exit: { Code: 0 }, results: [] };
const end = () => writeFileSync(join(folder, "ended.json"), JSON.stringify(answer));

let wasi, module, instance;
try {
  wasi = new WASI({
    version: "preview1",
    args: spec.argv,
    env: Object.fromEntries(spec.env),
    preopens: spec.dir === null ? {} : { ".": spec.dir },
    returnOnExit: true,
  });
  module = new WebAssembly.Module(readFileSync(join(folder, "module.wasm")));
  instance = new WebAssembly.Instance(module, wasi.getImportObject());
} catch (error) {
  answer.refused = String(error);
  end();
  process.exit(0);
}
try {
  if (spec.calls.length === 0) {
    answer.exit.Code = wasi.start(instance);
  } else {
    // Calls _initialize, where there is one; it refuses an instance with _start.
    wasi.initialize(instance);
    for (const call of spec.calls) {
      const result = instance.exports[call.export](...call.args);
      answer.results.push(result === undefined ? null : result);
    }
  }
} catch (error) {
  answer.exit = { Trap: String(error) };
}
end();
