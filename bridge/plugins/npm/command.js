// The commands of p1bridge as functions. `node.js` and `browser.js` say where the module comes from.

import { execute } from './preview1.js';

/** What p1bridge refused, or failed at. */
export class P1bridgeError extends Error {
  /**
   * @param {string} message what the command says, without `error: `
   * @param {number} code its exit code: 1 for a file, 2 for options
   */
  constructor(message, code) {
    super(message);
    this.name = 'P1bridgeError';
    this.code = code;
  }
}

/** What is said to the functions, and not to the command. */
const OURS = new Set(['files', 'onMessage']);
/** Options of the commands that are of no use here: `run` takes them. */
const THEIRS = new Set(['output', 'report', 'svg', 'plan', 'json', 'quiet', 'help']);

const decoder = new TextDecoder();

/** `{ stackSize: 4096, noGrow: true, allow: ['a', 'b'] }` as `--stack-size=4096 --no-grow --allow=a --allow=b`. */
function words(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (OURS.has(name)) return [];
    if (THEIRS.has(name)) throw new TypeError(`${name} is no option of a function: \`run\` takes whole command lines`);
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw new TypeError(`${name} is no option`);
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [value].flat().flatMap((one) => {
      switch (typeof one) {
        case 'undefined':
          return [];
        case 'boolean':
          return one ? [option] : [];
        case 'string':
        case 'number':
        case 'bigint':
          return [`${option}=${one}`];
        default:
          throw new TypeError(`${name} is a string, a number, true or false, or an array of those`);
      }
    });
  });
}

/** Bytes as the module takes them. */
function binary(bytes) {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new TypeError('a WebAssembly binary is a Uint8Array');
}

/** The functions of this package, for the compiled module that `load` gives. It is called once, when it is needed. */
export function commands(load) {
  let loaded;

  async function run(args, { files = {}, stdin } = {}) {
    loaded ??= load();
    let module;
    try {
      module = await loaded;
    } catch (error) {
      // The network may be back next time.
      loaded = undefined;
      throw error;
    }
    return execute(module, { args: ['p1bridge', ...args], files, stdin });
  }

  /** Runs a command, and throws unless it ends with one of `good`. */
  async function done(args, options, inputs, good = [0]) {
    const names = Object.keys(inputs);
    const { files = {}, onMessage } = options;
    for (const name of names) {
      if (name in files) throw new TypeError(`files has ${name}, which is the name of the input`);
    }
    const ended = await run([...args, ...words(options), '--', ...names], { files: { ...files, ...inputs } });
    if (!good.includes(ended.code)) {
      throw new P1bridgeError(ended.stderr.replace(/^error: /, '').trimEnd(), ended.code);
    }
    if (onMessage) ended.stderr.split('\n').forEach((line) => line && onMessage(line));
    return ended;
  }

  /** A command that makes a binary of one. */
  const made = (command) => async (bytes, options = {}) => {
    const inputs = { 'input.wasm': binary(bytes) };
    const { files } = await done([command, '--output=output.wasm'], options, inputs);
    return files['output.wasm'];
  };

  return {
    run,
    flatten: made('flatten'),
    wrap: made('wrap'),
    lower: made('lower'),

    async link(parts, options = {}) {
      const inputs = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, binary(bytes)]));
      const { files } = await done(['link', '--output=output.wasm'], options, inputs);
      return files['output.wasm'];
    },

    async check(bytes, options = {}) {
      const { stdout } = await done(['check', '--json'], options, { 'input.wasm': binary(bytes) }, [0, 3]);
      return JSON.parse(decoder.decode(stdout));
    },

    async inspect(bytes, options = {}) {
      const { stdout } = await done(['inspect', '--json'], options, { 'input.wasm': binary(bytes) });
      return JSON.parse(decoder.decode(stdout));
    },
  };
}
