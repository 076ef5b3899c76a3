// A host on node with several plugins at once:  node main.mjs GLUE PLUGIN...
//
// It calls each, replaces the first one by the last while the others stay, and goes on when one traps.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WASI } from 'node:wasi';

const [glue, ...files] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));

function load(file) {
  const name = basename(file);
  const wasi = new WASI({ version: 'preview1' });
  const log = (level, message) => console.log(`  [${level}] ${name}: ${message}`);
  const imports = { log, ...wasi.getImportObject() };
  const { processor } = instantiate(readFileSync(file), imports, (module, imports) => {
    const core = new WebAssembly.Instance(module, imports);
    // Node's WASI wants the memory; constructors of the plugin run afterwards.
    wasi.initialize({ exports: { memory: core.exports.memory } });
    return core;
  });
  return { name, processor };
}

// One round with a plugin.
function use({ name, processor }, text) {
  console.log(`${name}:`);
  console.log(`  ${processor.uppercase(text)}`);
  processor.words(text).forEach((word, i) => console.log(`  ${i + 1}. ${word}`));
  const counter = new processor.Counter();
  console.log(`  ${counter.add(text)} + ${counter.add('grün')} = ${counter.total()} characters`);
  // `using counter = ...` does so by itself, where JavaScript has it.
  counter[Symbol.dispose]();
}

const plugins = files.map(load);
for (const plugin of plugins) use(plugin, 'a text  in words');
// One is replaced while the others stay as they are.
console.log(`replaced: ${plugins[0].name}`);
plugins[0] = load(files.at(-1));
// One traps. It is of no use any more, and no other plugin notices.
try {
  plugins[1].processor.crash();
} catch (error) {
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  console.log(`${plugins[1].name}: the guest trapped`);
}
plugins.splice(1, 1);
for (const plugin of plugins) use(plugin, '');
