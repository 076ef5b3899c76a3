// What the functions of the package do beside their work: options, files, messages, errors. FOLDER is corpus/prebuilt.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { check, flatten, link, P1bridgeError, run, wrap } from 'p1bridge';

const [folder] = process.argv.slice(2);
const corpus = (name) => new Uint8Array(readFileSync(join(folder, name)));
const tiny = corpus('tiny-p2-c.wasm');

// Options are those of the command.
const plain = await flatten(tiny);
assert.ok((await flatten(tiny, { strip: true })).length < plain.length);
assert.equal((await flatten(tiny, { strip: false, noTidy: undefined })).length, plain.length);
assert.deepEqual(await flatten(tiny, { strip: 'all' }), await flatten(tiny, { strip: true }));
assert.notDeepEqual(await flatten(tiny, { maxHandles: 4, memoryMax: '1m' }), plain);
assert.deepEqual(await flatten(tiny.buffer), plain);
await assert.rejects(flatten(corpus('sockets-p2-rust.wasm')), /wasi:sockets/);
const allowed = { allow: ['wasi:sockets/*#*=trap'] };
assert.ok((await flatten(corpus('sockets-p2-rust.wasm'), allowed)).length > 0);

// An option that there is not is the error of the command.
await assert.rejects(flatten(tiny, { wrong: 1 }), (error) => error instanceof P1bridgeError && error.code === 2 && /--wrong/.test(error.message));
await assert.rejects(flatten(tiny, { profile: 'nope' }), { name: 'P1bridgeError', code: 2, message: /no profile `nope`/ });
await assert.rejects(flatten(tiny, { output: 'a.wasm' }), TypeError);
await assert.rejects(flatten(tiny, { 'a b': true }), TypeError);
await assert.rejects(flatten(tiny, { ram: {} }), TypeError);
await assert.rejects(flatten('tiny-p2-c.wasm'), TypeError);

// What is wrong with a file.
await assert.rejects(wrap(tiny), { name: 'P1bridgeError', code: 1, message: /^input\.wasm: / });
await assert.rejects(check(new Uint8Array([1, 2, 3])), { code: 1 });
await assert.rejects(flatten(tiny.slice(0, 1000)), { code: 1, message: /offset/ });

// Files that options name, and no others.
const { stdout } = await run(['profiles', 'wasm3']);
const files = { 'mine/device.toml': new TextDecoder().decode(stdout).replace('"wasm3"', '"mine"') };
assert.equal((await check(plain, { profile: 'mine/device.toml', files })).profile, 'mine');
await assert.rejects(check(plain, { profile: 'mine/device.toml' }), { code: 2 });
await assert.rejects(check(plain, { profile: '/etc/passwd' }), { code: 2 });
await assert.rejects(check(plain, { files: { 'input.wasm': tiny } }), TypeError);

// Several parts, and messages.
const messages = [];
const parts = { 'user-c.wasm': corpus('user-c.wasm'), 'maker-p2-rust.wasm': corpus('maker-p2-rust.wasm') };
const linked = await link(parts, { profile: 'wamr-2020', onMessage: (line) => messages.push(line) });
assert.ok(messages.some((line) => line.includes('corpus:linked/words@1.2.0 <- maker-p2-rust.wasm')));
assert.ok((await check(linked, { profile: 'wamr-2020' })).fits);

// Whole command lines: what is written, and nothing else; an output that fails is not there.
const done = await run(['flatten', 'a/in.wasm', '-o', 'a/out.wasm', '--report', 'report.json'], { files: { 'a/in.wasm': tiny } });
assert.equal(done.code, 0);
assert.deepEqual(Object.keys(done.files).sort(), ['a/in.wasm', 'a/out.wasm', 'report.json']);
assert.deepEqual(done.files['a/out.wasm'], plain);
const old = { 'in.wasm': tiny, 'out.wasm': 'what was there before' };
const failed = await run(['flatten', 'in.wasm', '-o', 'out.wasm', '--report', 'no/report.json'], { files: old });
assert.equal(failed.code, 1);
assert.equal(new TextDecoder().decode(failed.files['out.wasm']), 'what was there before');
assert.deepEqual(Object.keys(failed.files).sort(), ['in.wasm', 'out.wasm']);
const piped = await run(['flatten', '-q', '-'], { stdin: tiny });
assert.deepEqual(piped.stdout, plain);
const written = await run(['man', 'pages/of/it']);
assert.equal(written.code, 0, written.stderr);
assert.ok(Object.keys(written.files).includes('pages/of/it/p1bridge.1'));
// All at once.
const many = await Promise.all(Array.from({ length: 8 }, () => flatten(tiny)));
assert.ok(many.every((one) => Buffer.compare(one, plain) === 0));
console.log('done');
