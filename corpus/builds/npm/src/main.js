// Runs a component, of which the build has made a core module.
import { WASI } from 'node:wasi';

import bytes from '../guest.wasm?p1bridge';

const wasi = new WASI({ version: 'preview1', args: ['guest', ...process.argv.slice(2)], returnOnExit: true });
const { instance } = await WebAssembly.instantiate(bytes, wasi.getImportObject());
process.exitCode = wasi.start(instance);
