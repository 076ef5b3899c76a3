// Components in the build of a program for node or browsers: `import bytes from './guest.wasm?p1bridge'`.
import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve } from 'node:path';

import { createUnplugin } from 'unplugin';

import { flatten, lower } from './node.js';

/** What is imported: a file, and after it `?p1bridge` (the bytes) or `?p1bridge&url`. */
const WANTED = /^(.*)\?p1bridge(&url)?$/;
/** Bundlers have ideas of their own about files, and about names that end in `.wasm`. */
const RESOLVED = /^\0p1bridge:(bytes|url):(.*)\.js$/;

export const p1bridge = createUnplugin((options = {}, { framework }) => {
  const rollup = framework === 'rollup' || framework === 'rolldown' || framework === 'vite';
  let serving = false;
  return {
    name: 'p1bridge',
    enforce: 'pre',

    resolveId(id, importer) {
      const wanted = WANTED.exec(id);
      if (!wanted) return undefined;
      const [, path, url] = wanted;
      const from = importer?.replace(/\?.*$/, '');
      const file = isAbsolute(path) ? path : resolve(from ? dirname(from) : '.', path);
      return `\0p1bridge:${url ? 'url' : 'bytes'}:${file}.js`;
    },

    loadInclude: (id) => RESOLVED.test(id),

    async load(id) {
      const [, form, file] = RESOLVED.exec(id);
      this.addWatchFile(file);
      const binary = new Uint8Array(await readFile(file));
      // The version of the binary format: 1 for modules.
      const convert = binary[4] === 1 ? lower : flatten;
      let flat;
      try {
        flat = Buffer.from(await convert(binary, options));
      } catch (error) {
        throw new Error(`${file}: ${error.message.replace(/^input\.wasm: /, '')}`, { cause: error });
      }
      if (form === 'bytes') {
        return `export default Uint8Array.from(atob("${flat.toString('base64')}"), (one) => one.charCodeAt(0));`;
      }
      if (!rollup) throw new Error(`${file}: ?p1bridge&url works with Rollup and Vite; ?p1bridge gives the bytes everywhere`);
      if (serving) return `export default "data:application/wasm;base64,${flat.toString('base64')}";`;
      const asset = this.emitFile({ type: 'asset', name: basename(file), source: flat });
      return `export default import.meta.ROLLUP_FILE_URL_${asset};`;
    },

    vite: {
      configResolved({ command }) {
        // The server of Vite has no assets that a build makes.
        serving = command === 'serve';
      },
    },
  };
});

export default p1bridge;
