// A guest that gives anything, in both directions:  node hostile.mjs MODULE GLUE SEED, on a module that passes on what it gets.
//
// The instance is not the module's: its exports give numbers at random, and call what is imported with such. What gets through has to
// be a value that the real module takes and gives back. All else has to be an error of the glue.
import { deepStrictEqual as same } from 'node:assert';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, glue, seed] = process.argv.slice(2);
const { instantiate, ComponentError } = await import(pathToFileURL(glue));
const { functions } = await import(new URL('functions.mjs', pathToFileURL(glue)));
const module = new WebAssembly.Module(readFileSync(file));
const ROUNDS = 400;

let state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
const bits = () => {
  state = BigInt.asUintN(64, state ^ (state << 13n));
  state ^= state >> 7n;
  state = BigInt.asUintN(64, state ^ (state << 17n));
  return state;
};
const below = (bound) => Number(bits() % BigInt(bound));

// The memory. It is another one now and then, and never a smaller one.
let buffer = new ArrayBuffer(0);
const number = () => {
  switch (below(9)) {
    case 0: case 1: case 2: case 3: return below(4);
    case 4: return 8 * below(64);
    case 5: return (buffer.byteLength - below(16)) >>> 0;
    case 6: return 0xffffffff - below(16);
    case 7: return below(0x110000);
    default: return Number(bits() & 0xffffffffn);
  }
};
const change = (least) => {
  buffer = new ArrayBuffer(least + 8 * below(64));
  const words = new Uint32Array(buffer);
  for (let i = 0; i < words.length; i++) words[i] = number();
};
const slot = (letter) => {
  switch (letter) {
    case 'i': return number() | 0;
    case 'I': return below(3) === 0 ? BigInt.asIntN(64, bits()) : BigInt(number());
    case 'f': return Math.fround(number() / 3);
    default: return number() / 3;
  }
};

const ends = new Map();
const count = (end) => ends.set(end, (ends.get(end) ?? 0) + 1);
/** How a call of the glue ends. */
const attempt = (call) => {
  try {
    call();
    count('well');
  } catch (error) {
    // What is thrown through the guest is what the guest was ended with.
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    count(error.message);
  }
};

const { echo, outcome } = await import('./echo.mjs');
const names = Object.keys(functions);
const given = (make) => Object.fromEntries(names.map((name) => [name, make(functions[name], name)]));
const honest = instantiate(module, { 't:t/a': given(echo) }).b;
/** A value that got through is one that the real module passes on as it is. */
const check = (name, value) => same(outcome(functions[name], ComponentError, () => honest[name](value)), value);
const checking = given((described, name) => (x) => {
  check(name, x);
  return echo(described)(x);
});

for (let round = 0; round < ROUNDS; round++) {
  let imports;
  const guest = () => {
    change(256);
    return instantiate(module, { 't:t/a': checking }, (_, given) => {
      imports = given['t:t/a'];
      const exports = { memory: { get buffer() { return buffer; } } };
      exports.cabi_realloc = () => {
        if (below(5) === 0) change(buffer.byteLength);
        return below(5) === 0 ? number() | 0 : 8 * below(16);
      };
      for (const [name, { params, results }] of Object.entries(functions)) {
        const call = () => {
          if (below(4) === 0) change(buffer.byteLength);
          return results === '' ? undefined : slot(results);
        };
        exports[`t:t/b#${name}`] = Object.defineProperty(call, 'length', { value: params.length });
      }
      return { exports };
    });
  };
  for (const name of names) {
    const { imported, values } = functions[name];
    guest();
    const slots = [...imported].map(slot);
    attempt(() => imports[name](...slots));
    const { b } = guest();
    attempt(() => check(name, outcome(functions[name], ComponentError, () => b[name](values[below(values.length)]))));
  }
}
console.log(JSON.stringify(Object.fromEntries(ends)));
