// Both sides of runtime-shim/host-rust/tests/world/every.wit, with a guest that gives back what it gets:  node every.mjs MODULE GLUE
import { deepStrictEqual as same, throws } from 'node:assert';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, glue] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));
const { flags } = await import(new URL('p1b.mjs', pathToFileURL(glue)));

const point = { x: -128, y: 2n ** 64n - 1n, type: -0.5 };
const all = {
  a: true, b: 255, c: -32768, d: 65535, e: -2147483648, f: 4294967295, g: -(2n ** 63n), h: 2n ** 64n - 1n, i: 1.5, j: Infinity,
  k: '\u{10ffff}', l: '\u{feff}grüße', m: 'self', n: { read: true, write: false, all: true }, o: point,
  p: { tag: 'both', val: [9, -(2n ** 63n)] }, q: { tag: 'circle', val: NaN }, r: { tag: 'err', val: 'no' },
  s: { tag: 'err', val: undefined }, t: [{ tag: 'none' }, { tag: 'path', val: [point, point] }, { tag: 'named', val: '' }],
  u: ['\0', 1n], v: [new Uint16Array([1, 2, 3]), new Uint16Array(), new Uint16Array([65535])], w: { tag: 'err', val: 'large' },
  x: { tag: 'ok', val: 2.5 },
};

class Thing {
  constructor(number) {
    this.number = number;
  }

  get() {
    return this.number;
  }
}

const calls = [];
const types = {
  Thing,
  echo: (x) => x,
  shapes(x, y) {
    if (y === undefined) throw point;
    return y;
  },
  sizes: (x, y) => [x, y],
  numbers(...given) {
    calls.push(given);
    return 2n ** 64n - 3n;
  },
  numbersOf(...given) {
    calls.push(given);
    return [1, -2, 3];
  },
  things: () => [],
  nothing: () => calls.push('nothing'),
};
const log = (text) => {
  calls.push(text);
  return `${text}!`;
};
const guest = instantiate(readFileSync(file), { 'every:types/types': types, log: { default: log } });
const { back } = guest;

same(back.echo(all), all);
for (const q of [undefined, ...all.t]) same(back.echo({ ...all, q, u: ['ß', undefined] }), { ...all, q, u: ['ß', undefined] });
for (const shape of [...all.t, all.p, { tag: 'circle', val: -0 }]) same(back.shapes({ tag: 'none' }, shape), shape);
throws(() => back.shapes({ tag: 'none' }, undefined), ({ payload }) => (same(payload, point), true));
same(back.sizes('large', { write: true }), ['large', { read: false, write: true, all: false }]);
same(back.lots('first', ...'bcdefgh', 255), 'first');
same([back.maybe(undefined), back.maybe(0), back.maybe(4294967295)], [undefined, 0, 4294967295]);
same(back.show(new Thing(7)), 7);

const one = new back.Mine(['one']);
const two = new back.Mine(['two', 'three']);
same(one.useAll([one, two]), 'two');
same(one instanceof back.Mine, true);
const three = back.Mine.give(two);
same(three.useAll([three]), 'two');
throws(() => two.useAll([one]), 'it was given away');
throws(() => back.Mine.give(undefined), ({ payload }) => (same(payload, 'large'), true));
one[Symbol.dispose]();

same(guest.run(['x', 'y', 'z']) % 10000, 303);
same(calls, [
  'nothing', 'x', 'x!',
  [255, -1, 65535, -1, 4294967295, -1, 2n ** 64n - 1n, -1n, -0.5, 1e300, '\u{10ffff}', true],
  [new BigUint64Array([2n ** 64n - 3n]), new Float32Array(), calls.at(-1)[2]],
]);
same(calls.at(-1)[2].constructor, Uint8Array);
// More flags than the text of WIT can have.
const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`f${i}`, [0, 31, 32, 63, 64, 69].includes(i)]));
const type = flags(Object.keys(many));
same([type.size, type.align, type.flat], [12, 4, 'iii']);
same(type.lift(undefined, type.lower(undefined, many), 0), many);
console.log('all the same');
