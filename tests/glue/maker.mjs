// Calls the words of corpus/linked/words.wit that a library has:  node maker.mjs MODULE GLUE
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, glue] = process.argv.slice(2);
const { instantiate } = await import(pathToFileURL(glue));
const { words } = instantiate(readFileSync(file), {});

const add = (bag, text) => {
  try {
    console.log(`added ${text}: ${bag.add(text)}`);
  } catch ({ payload }) {
    console.log(`refused: ${payload}`);
  }
};
const show = (bag, how) => console.log(bag.words(how).map(({ text, count }) => `${text} ${count}`).join(', '));

const first = new words.Bag('first');
const second = new words.Bag('second');
['pear', 'apple', 'fig', 'apple', 'plum', 'pear', 'apple', ''].forEach((text, at) => add(at % 3 === 0 ? second : first, text));
show(first, { tag: 'by-name' });
show(second, { tag: 'by-count' });
console.log(`bags: ${words.bags()}`);
console.log(`merged: ${words.Bag.merge(first, second)}`);
show(first, { tag: 'by-count' });
show(first, { tag: 'beginning', val: 'p' });
first[Symbol.dispose]();
console.log(`bags: ${words.bags()}`);
console.log(words.shout('grüße, welt'));
