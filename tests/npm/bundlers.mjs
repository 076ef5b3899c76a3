// The plugin in every bundler that this project has, beside a component guest.wasm: what they make runs, and a component that cannot be
// flattened fails their builds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import * as esbuild from 'esbuild';
import { p1bridge } from 'p1bridge/unplugin';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';

const options = { strip: true };
const bundlers = {
  async rollup(input, out) {
    const bundle = await rollup({ input, external: ['node:wasi'], plugins: [p1bridge.rollup(options)] });
    await bundle.write({ dir: out, entryFileNames: 'main.js', format: 'es' });
  },
  async esbuild(input, out) {
    await esbuild.build({
      entryPoints: { main: input },
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      outdir: out,
      plugins: [p1bridge.esbuild(options)],
    });
  },
  async vite(input, out) {
    await vite.build({
      configFile: false,
      logLevel: 'silent',
      plugins: [p1bridge.vite(options)],
      build: { ssr: input, outDir: out, rollupOptions: { output: { entryFileNames: 'main.js' } } },
    });
  },
  async webpack(input, out) {
    const compiler = webpack({
      mode: 'production',
      target: 'node20',
      entry: resolve(input),
      experiments: { outputModule: true },
      output: { path: resolve(out), filename: 'main.js', module: true, library: { type: 'module' }, chunkFormat: 'module' },
      plugins: [p1bridge.webpack(options)],
    });
    const stats = await new Promise((done, failed) => compiler.run((error, stats) => (error ? failed(error) : done(stats))));
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  },
};

await rm('bundled', { recursive: true, force: true });
await mkdir('broken/src', { recursive: true });
await copyFile('src/main.js', 'broken/src/main.js');
await writeFile('broken/guest.wasm', (await readFile('guest.wasm')).subarray(0, 1000));
for (const [name, build] of Object.entries(bundlers)) {
  const out = join('bundled', name);
  await build('src/main.js', out);
  const said = execFileSync('node', ['--no-warnings', join(out, 'main.js'), 'x']).toString();
  assert.equal(said.split('\n')[0], 'hello from WASI 0.2 in Rust, arguments ["x"]', name);
  await assert.rejects(build('broken/src/main.js', join('bundled', `${name}-broken`)), /broken\/guest\.wasm: .*offset/s, name);
  console.log(`${name}: the same`);
}

// The module as a file of its own, for a page.
await writeFile('src/page.js', "import url from '../guest.wasm?p1bridge&url';\nglobalThis.where = url;\n");
await writeFile('index.html', '<script type="module" src="./src/page.js"></script>');
const { output } = await vite.build({ configFile: false, logLevel: 'silent', plugins: [p1bridge.vite(options)], build: { outDir: 'bundled/page' } });
const asset = output.find((file) => file.fileName.endsWith('.wasm'));
assert.ok(WebAssembly.validate(asset.source));
assert.ok(output.some((file) => file.type === 'chunk' && file.code.includes(asset.fileName)));
// While a project is served, it is in the program.
const server = await vite.createServer({ configFile: false, logLevel: 'silent', plugins: [p1bridge.vite(options)] });
await server.listen();
const get = async (path) => (await fetch(new URL(path, server.resolvedUrls.local[0]))).text();
const [, module] = /from "([^"]*guest[^"]*)"/.exec(await get('/src/page.js'));
assert.match(await get(module), /data:application\/wasm;base64,AGFzbQ/);
await server.close();
// Elsewhere it is refused, by name.
await assert.rejects(bundlers.esbuild('src/page.js', 'bundled/refused'), /works with Rollup and Vite/);
console.log('page: the same');
