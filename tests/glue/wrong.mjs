// What goes wrong on either side of runtime-shim/host-rust/tests/world/every.wit:  node wrong.mjs MODULE GLUE
import { deepStrictEqual as same, throws } from 'node:assert';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, glue] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));
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

// What is lent is not dropped with its handle.
const thing = new Thing();
same(back.show(thing), 1);
same(thing.gone, 0);

// A function of the host that fails is not for the guest, which is not entered again.
for (const [thrown, kind] of [[new RangeError('no room'), RangeError], [new Error('no'), Error]]) {
  const failing = start({ echo() { throw thrown; }, sizes: () => ['small'] });
  throws(() => failing.back.shapes({ tag: 'none' }, undefined) && failing.back.echo(undefined), TypeError);
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

// A module of another type.
const fake = (change) => instantiate(module, { 'every:types/types': types, log }, (module, imports) => {
  const { exports } = new WebAssembly.Instance(module, imports);
  return { exports: { ...exports, ...change } };
});
throws(() => fake({ run: undefined }), says(LinkError, 'no export `run`'));
throws(() => fake({ run: (x) => x }), says(LinkError, 'no export `run`'));
throws(() => fake({ cabi_realloc: undefined }).run(['x']), says(RuntimeError, 'no export `cabi_realloc`'));
throws(() => fake({ cabi_realloc: () => 6 }).run(['x']), says(RuntimeError, 'cabi_realloc gave a bad address'));
throws(() => fake({ 'every:types/back@0.1.0#maybe': (a, b) => 2 }).back.maybe(1), says(RuntimeError, 'an address is not aligned'));
console.log('all refused');
