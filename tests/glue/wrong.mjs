// What goes wrong on either side of runtime-shim/host-rust/tests/world/every.wit:  node wrong.mjs MODULE GLUE
import { deepStrictEqual as same, throws } from 'node:assert';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, glue] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));
const p1b = await import(new URL('p1b.mjs', pathToFileURL(glue)));
const module = new WebAssembly.Module(readFileSync(file));

class Thing {
  gone = 0;

  get() {
    return 1;
  }

  [Symbol.dispose]() {
    this.gone++;
  }
}
const types = {
  Thing,
  echo: (x) => x,
  shapes: (x) => x,
  sizes: (x, y) => [x, y],
  numbers: () => 0n,
  numbersOf: () => [],
  things: () => [],
  nothing() {},
};
const log = (text) => text;
const start = (more = {}) => instantiate(module, { 'every:types/types@0.1.0': { ...types, ...more }, log });
const says = (kind, text) => (error) => {
  same([error.constructor, error.message.includes(text)], [kind, true], `${error.stack}`);
  return true;
};
const { RuntimeError, LinkError } = WebAssembly;

// What the imports have not.
throws(() => instantiate(module), says(TypeError, "the imports have no 'every:types/types@0.1.0'"));
throws(() => instantiate(module, { 'every:types/types': types }), says(TypeError, "the imports have no 'log'"));
throws(() => start({ Thing: undefined }), says(TypeError, 'there is no class Thing'));
throws(() => start({ echo: undefined }), says(TypeError, 'there is no function echo'));
throws(() => instantiate(module, { 'every:types/types': types, log: {} }), says(TypeError, "the import 'log' is no function"));

// Arguments that are not of their types. The guest has not seen them.
const { back, run } = start();
throws(() => back.maybe('1'), says(TypeError, 'a number is expected'));
throws(() => back.sizes('huge', {}), says(TypeError, '"huge" is not one of the cases small, self, large'));
throws(() => back.shapes({ tag: 'square' }), says(TypeError, '"square" is not one of the cases none, circle'));
throws(() => back.shapes({ tag: 'both', val: [1] }), says(TypeError, 'an array of 2 is expected'));
throws(() => back.echo(undefined), says(TypeError, 'a record is expected'));
throws(() => back.lots(...'abcdefg', 8, 9), says(TypeError, 'a string is expected'));
throws(() => run('text'), says(TypeError, 'an array is expected'));
throws(() => run(Array(2 ** 32 - 1)), says(RangeError, 'a list is larger than any memory'));
throws(() => back.echo({ a: true, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0n, h: 0n, i: 0, j: 0, k: 'ab' }), says(TypeError, 'one character is expected'));
throws(() => back.show({ get: () => 1 }), says(TypeError, 'not a valid "Thing" resource'));
throws(() => back.Mine.give(new Thing()), says(TypeError, 'not a valid "Mine" resource'));
same(back.maybe(1), 1);

// Resources of one instance are nothing to another one. What is gone is gone once.
const mine = new back.Mine(['x']);
const other = start().back;
throws(() => other.Mine.give(mine), says(TypeError, 'not a valid "Mine" resource'));
mine[Symbol.dispose]();
mine[Symbol.dispose]();
throws(() => mine.useAll([]), says(TypeError, 'not a valid "Mine" resource'));
class Own extends back.Mine {}
same(new Own(['own']).useAll([new Own(['y'])]), 'y');
same(new Own([]) instanceof Own, true);

// What is lent is not dropped with its handle.
const thing = new Thing();
same(back.show(thing), 1);
same(thing.gone, 0);

// A function of the host that fails is not for the guest, which is not entered again.
for (const [thrown, kind] of [[new RangeError('no room'), RangeError], [new Error('no'), Error]]) {
  throws(() => start({ shapes() { throw thrown; } }).back.shapes({ tag: 'none' }, undefined), says(kind, thrown.message));
  const bad = start({ nothing() { throw thrown; } });
  throws(() => bad.run(['x']), says(kind, thrown.message));
  throws(() => bad.run(['x']), says(RuntimeError, 'the guest has trapped before'));
}
// Nor is one that gives what is not of its type.
const bad = start({ sizes: () => ['small'] });
throws(() => bad.back.sizes('small', {}), says(TypeError, 'an array of 2 is expected'));
throws(() => bad.back.maybe(1), says(RuntimeError, 'the guest has trapped before'));
// A result says itself how it ended, where no value looks so.
throws(() => start({ shapes() { throw { payload: { x: 1, y: 2n, type: 3 } }; } }).back.shapes({ tag: 'none' }, undefined),
  ({ payload }) => (same(payload, { x: 1, y: 2n, type: 3 }), true));

// An instance whose exports are others.
let given;
const fake = (change, more = {}) => instantiate(module, { 'every:types/types': { ...types, ...more }, log }, (module, imports) => {
  given = imports['every:types/types@0.1.0'];
  const { exports } = new WebAssembly.Instance(module, imports);
  return { exports: { ...exports, ...change } };
});
// Of another type.
throws(() => fake({ run: undefined }), says(LinkError, 'no export `run`'));
throws(() => fake({ run: (x) => x }), says(LinkError, 'no export `run`'));
throws(() => fake({ cabi_realloc: undefined }).run(['x']), says(RuntimeError, 'no export `cabi_realloc`'));
same(fake({ cabi_realloc: undefined, run: (at, length) => at - length }).run([]), 4);
throws(() => fake({ cabi_realloc: () => 6 }).run(['x']), says(RuntimeError, 'cabi_realloc gave a bad address'));
throws(() => fake({ 'every:types/back@0.1.0#maybe': (a, b) => 2 }).back.maybe(1), says(RuntimeError, 'an address is not aligned'));
// Constructors of the module run once, first, but for a program's.
let initialized = 0;
fake({ _initialize: () => initialized++ });
fake({ _initialize: () => initialized++, _start() {} });
same(initialized, 1);
// What an export gave is given back.
const posts = [];
const lots = { 'every:types/back@0.1.0#lots': (at) => at + 8, 'cabi_post_every:types/back@0.1.0#lots': (at) => posts.push(at) };
const second = fake(lots).back;
same([second.lots(...'abcdefgh', 9), posts.length, posts[0] % 4], ['b', 1, 0]);
// Nothing is left of other values in what a smaller case does not use.
let slots;
const taking = () => fake({ 'every:types/back@0.1.0#shapes': (a, b, c, d, e, f, g) => { slots = [a, b, c, d, e, f, g]; return -1; } }).back;
const odd = says(RuntimeError, 'an address is not aligned');
throws(() => taking().shapes({ tag: 'circle', val: -1.5 }, undefined), odd);
same(slots, [1, -0x4008000000000000n, 0n, 0, 0, 0n, 0n]);
throws(() => taking().shapes({ tag: 'named', val: 'xy' }, { tag: 'circle', val: 0 }), odd);
same([slots[0], slots[1] > 0n && slots[1] < 1n << 32n, ...slots.slice(2)], [3, true, 2n, 1, 1, 0n, 0n]);

// Calls of the host that are wrong.
const refused = [
  [() => given['[method]thing.get'](0), 'a handle is not valid'],
  [() => given['[method]thing.get'](1), 'a handle is not valid'],
  [() => given['[method]thing.get'](-1), 'a handle is not valid'],
  [() => given['[resource-drop]thing'](7), 'a handle is not valid'],
  [() => given['[method]thing.get'](), 'a function is not of the type'],
  [() => given.echo(1 << 30, 1024), 'an address is outside of the memory'],
  [() => given.echo(1025, 1024), 'an address is not aligned'],
  [() => given.echo(1024, -8), 'an address is outside of the memory'],
  [() => given['numbers-of'](0, 0, 0, 0, -1, 0, 1024), 'an address is outside of the memory'],
  [() => given['numbers-of'](1024, 0, 4, 0, 8, 1 << 30, 1024), 'an address is outside of the memory'],
  [() => given['numbers-of'](0, 0x20000000, 0, 0, 0, 0, 1024), 'an address is outside of the memory'],
  [() => given.sizes(3, 0, 1024), 'there is no such case'],
];
for (const [call, why] of refused) {
  fake({});
  throws(call, says(RuntimeError, why));
  // Whatever comes then.
  throws(() => given.nothing(), says(RuntimeError, 'the guest has trapped before'));
}

throws(() => start().run(Array(99).fill('x')), says(RuntimeError, 'a handle is not valid'));

// A handle that is lent cannot be given away, is no handle any more when it was dropped, and when the call has ended.
let lent;
const show = (call) => fake({ 'every:types/back@0.1.0#show': (handle) => call((lent = handle)) }).back;
const invalid = says(RuntimeError, 'a handle is not valid');
const outer = [];
const both = show((handle) => {
  outer.push(handle);
  if (outer.length === 1) return both.show(thing);
  return given.things(outer[0], 0, 0, handle, 0, 0, 1024);
});
throws(() => both.show(thing), invalid);
const drop = (handle) => given['[resource-drop]thing'](handle);
throws(() => show((handle) => [drop(handle), drop(handle)]).show(thing), invalid);
same(show((handle) => given['[method]thing.get'](handle)).show(thing), 1);
throws(() => given['[method]thing.get'](lent), invalid);
same(thing.gone, 0);

// One that traps by itself.
const ending = fake({ run: (a, b) => { throw new RuntimeError('unreachable'); } });
throws(() => ending.run([]), says(RuntimeError, 'unreachable'));
throws(() => ending.back.maybe(1), says(RuntimeError, 'the guest has trapped before'));

// A guest that catches what it is ended with is ended all the same.
const calm = fake({
  run: (a, b) => {
    try {
      given['[method]thing.get'](9);
    } catch {
      return 1;
    }
  },
  'every:types/back@0.1.0#show': (handle) => {
    try {
      given.nothing();
    } catch {
      return 1;
    }
  },
}, { nothing() { throw new RangeError('no room'); } });
throws(() => calm.run([]), invalid);
throws(() => calm.back.show(thing), says(RuntimeError, 'the guest has trapped before'));
const deaf = fake({
  run: (a, b) => {
    try {
      given.nothing();
    } catch {
      return 1;
    }
  },
}, { nothing() { throw new RangeError('no room'); } });
throws(() => deaf.run([]), says(RangeError, 'no room'));

// Lists in lists, all of which are the same one.
const world = {
  resources: [],
  imports: [],
  exports: [{ module: '', names: [], functions: { f: p1b.func('f', [], p1b.list(p1b.list(p1b.u8))) } }],
};
const memory = new WebAssembly.Memory({ initial: 2 });
const words = new Uint32Array(memory.buffer);
words.fill(65536, 2, 16384);
const f = (count) => {
  words.set([8, count]);
  return p1b.instantiate(world, module, {}, () => ({ exports: { memory, f: () => 0 } })).f();
};
same(f(3).map((list) => list.length), [65536, 65536, 65536]);
throws(() => f(8000), says(RuntimeError, 'a value has more lists than there can be'));
console.log('all refused');
