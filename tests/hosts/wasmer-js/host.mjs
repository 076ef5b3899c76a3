#!/usr/bin/env node
// Runs one core module on the WASI of the npm package `@wasmer/wasi`: host.mjs FOLDER, where FOLDER has
// module.wasm and order.json. Leaves answer.json there; tests/src/engines/process.rs has what is in
// them. The WebAssembly engine is that of node.
//
// The package has a file system in memory, and standard streams that are read and written as a whole:
// directories are copied in before the run and out after it.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { init, MemFS, WASI } from "@wasmer/wasi";

const folder = process.argv[2];
const order = JSON.parse(readFileSync(join(folder, "order.json")));
const answer = { refused: null, exit: { Code: 0 }, results: [] };
const end = () => writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));

// The directory `.` is the root: relative names begin there.
const inside = (guest) => (guest === "." ? "/" : join("/", guest));

function copyIn(fs, host, guest) {
  for (const entry of readdirSync(host, { withFileTypes: true })) {
    const [from, to] = [join(host, entry.name), join(guest, entry.name)];
    if (entry.isDirectory()) {
      fs.createDir(to);
      copyIn(fs, from, to);
    } else if (entry.isFile()) {
      const file = fs.open(to, { read: true, write: true, create: true });
      const bytes = readFileSync(from);
      for (let done = 0; done < bytes.length; ) done += file.write(bytes.subarray(done));
      file.flush();
    }
  }
}

function copyOut(fs, guest, host) {
  const left = new Map(fs.readDir(guest).map((entry) => [entry.path.split("/").pop(), entry]));
  for (const name of readdirSync(host)) {
    if (!left.has(name)) rmSync(join(host, name), { recursive: true });
  }
  for (const [name, entry] of left) {
    const [from, to] = [join(guest, name), join(host, name)];
    if (entry.metadata.filetype.dir) {
      mkdirSync(to, { recursive: true });
      copyOut(fs, from, to);
    } else {
      const file = fs.open(from, { read: true, write: false, create: false });
      file.seek(0);
      writeFileSync(to, file.read());
    }
  }
}

// Waits where a pipe is full.
const print = (stream, bytes) => new Promise((done) => stream.write(bytes, done));

await init();
let wasi, instance;
try {
  const fs = new MemFS();
  const preopens = {};
  for (const [host, guest] of order.preopens) {
    if (guest !== ".") fs.createDir(inside(guest));
    copyIn(fs, host, inside(guest));
    preopens[guest] = inside(guest);
  }
  wasi = new WASI({ args: order.argv, env: Object.fromEntries(order.env), preopens, fs });
  const stdin = readFileSync(0);
  if (stdin.length > 0) wasi.setStdinBuffer(stdin);
  const module = new WebAssembly.Module(readFileSync(join(folder, "module.wasm")));
  // The package refuses what imports nothing of WASI. A library of that kind needs no such package.
  const plain = !WebAssembly.Module.imports(module).some(({ module }) => module.startsWith("wasi_"));
  instance =
    plain && order.calls.length > 0
      ? new WebAssembly.Instance(module, {})
      : wasi.instantiate(module, {});
} catch (error) {
  answer.refused = String(error);
  end();
  process.exit(0);
}
try {
  if (order.calls.length === 0) {
    answer.exit.Code = wasi.start(instance);
  } else {
    instance.exports._initialize?.();
    for (const call of order.calls) {
      answer.results.push(instance.exports[call.export](...call.args) ?? null);
    }
  }
} catch (error) {
  answer.exit = { Trap: String(error) };
}
// After a trap its streams can no longer be read.
try {
  await print(process.stdout, wasi.getStdoutBuffer());
  await print(process.stderr, wasi.getStderrBuffer());
  for (const [host, guest] of order.preopens) copyOut(wasi.fs, inside(guest), host);
} catch (error) {
  answer.exit = { Trap: String(error) };
}
end();
