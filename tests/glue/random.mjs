// Values of random types, to the guest, from it to the host, and back:  node random.mjs MODULE GLUE
//
// Beside the glue is `functions.mjs`, with the functions of the world and values for each.
import { deepStrictEqual as same } from 'node:assert';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { echo, outcome } from './echo.mjs';

const [file, glue] = process.argv.slice(2);
const { instantiate, ComponentError } = await import(pathToFileURL(glue));
const { functions } = await import(new URL('functions.mjs', pathToFileURL(glue)));

let given;
const echoes = Object.entries(functions).map(([name, described]) => [name, (x) => {
  given = x;
  return echo(described)(x);
}]);
const { b } = instantiate(readFileSync(file), { 't:t/a': Object.fromEntries(echoes) });
for (const [name, described] of Object.entries(functions)) {
  for (const value of described.values) {
    const found = outcome(described, ComponentError, () => b[name](value));
    same(given, value, name);
    same(found, value, name);
  }
}
console.log('all the same');
