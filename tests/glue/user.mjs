// Provides the words of corpus/linked/words.wit to a program:  node user.mjs MODULE GLUE [ARGUMENT...]
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { pathToFileURL } from 'node:url';

const [file, glue, ...rest] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));

let live = 0;

class Bag {
  words_ = new Map();

  constructor() {
    live++;
  }

  [Symbol.dispose]() {
    live--;
  }

  put(text, count) {
    const sum = (this.words_.get(text) ?? 0) + count;
    this.words_.set(text, sum);
    return sum;
  }

  add(text) {
    // Or: throw 'an empty word'.
    if (text === '') return { tag: 'err', val: 'an empty word' };
    return this.put(text, 1);
  }

  words(how) {
    const words = [...this.words_].map(([text, count]) => ({ text, count }));
    words.sort((a, b) => (a.text < b.text ? -1 : 1));
    if (how.tag === 'by-count') words.sort((a, b) => b.count - a.count);
    return how.tag === 'beginning' ? words.filter(({ text }) => text.startsWith(how.val)) : words;
  }

  static merge(into, other) {
    let sum = 0;
    for (const [text, count] of other.words_) {
      into.put(text, count);
      sum += count;
    }
    other[Symbol.dispose]();
    return sum;
  }
}

const words = {
  Bag,
  shout: (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  bags: () => live,
};

const wasi = new WASI({ version: 'preview1', args: ['user', ...rest], returnOnExit: true });
let core;
instantiate(readFileSync(file), { ...wasi.getImportObject(), 'corpus:linked/words': words }, (module, imports) => {
  core = new WebAssembly.Instance(module, imports);
  return core;
});
wasi.start(core);
if (live !== 0) throw new Error(`${live} bags are left`);
