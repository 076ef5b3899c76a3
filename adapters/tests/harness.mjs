// The library without a linker: a guest that is played by JavaScript.
//
// The memory, the state block and `cabi_realloc` belong to this file. Every `cabi_realloc` moves
// the state block and spoils the place where it was, as the growth of a guest may do, and hands
// out memory that is full of rubbish. The guest's memory begins at `base`, as that of one of several
// guests does; what lies below belongs to another guest and must stay as it is.

import { readFileSync } from "node:fs";

/** A library: its module, the names of all that it exports, and what it says to the linker. */
function load(place) {
  const module = new WebAssembly.Module(readFileSync(place));
  const facts = Object.fromEntries(
    new TextDecoder()
      .decode(WebAssembly.Module.customSections(module, "p1bridge.library")[0])
      .trim().split("\n").map((line) => line.split(" ")).map(([key, value]) => [key, Number(value)]),
  );
  return { module, facts, names: WebAssembly.Module.exports(module).map((e) => e.name) };
}

const libraries = {
  "p2-on-p1": load(process.argv[2] ?? new URL("../prebuilt/p2-on-p1.wasm", import.meta.url)),
  "p3-on-p1": load(new URL("../prebuilt/p3-on-p1.wasm", import.meta.url)),
};

/** Names of everything that the library of WASI 0.2 exports. */
export const { names } = libraries["p2-on-p1"];

/** Where guests begin. All addresses of a guest are below `APART`, and all of the host above. */
let base = 0;
const APART = 0x80000;
export const setBase = (apart) => (base = apart ? APART : 0);
const guests = [];

/** Whether no guest has had anything written below it. */
export function untouched() {
  return guests.splice(0).every(({ memory, base }) => new Uint8Array(memory.buffer, 0, base).every((b) => b === 0x55));
}

/** An instance of the library with a guest around it. */
export class Guest {
  /** `p1` has the host functions, called with the guest as `this`; others must not be called. The table of
   *  handles grows up to `maxHandles`. `parts` are those of the library that weak imports mean first. The library of tasks is
   *  played: `asked` has its calls as lists of a name and arguments, and what it gives counts from 100. */
  constructor(p1 = {}, options = {}) {
    const { maxHandles = 32, maxPoll = 50, maxHttp = 4096, firstHandles = 1, stdout = 1, parts = [] } = options;
    const { module, facts, names } = libraries[options.library ?? "p2-on-p1"];
    this.version = options.library === "p3-on-p1" ? "@0.3#" : "@0.2#";
    this.asked = [];
    let given = 100;
    this.memory = new WebAssembly.Memory({ initial: 8 + base / 65536 });
    this.base = base;
    new Uint8Array(this.memory.buffer).fill(0x55, 0, base);
    guests.push(this);
    // The pieces, in an order of its own.
    const pieces = {};
    this.size = facts["state-fixed"];
    for (const [name, bytes] of [
      ["polls", (maxPoll + 1) * facts["state-per-poll"]],
      ["zeroes", facts.zeroes],
      ["seed", facts.seed],
      ["pool", (maxHttp + 15) & ~15],
      ["scratch", facts.scratch],
    ]) {
      const at = this.size;
      pieces[name] = () => at;
      this.size += bytes;
    }
    this.places = [base + 0x60000, base + 0x70000];
    // The table of handles moves with the block, and again when it grows.
    this.tables = [base + 0x64000, base + 0x74000];
    this.room = firstHandles;
    this.heap = 0x10000;
    this.live = new Map();
    this.calls = [];
    // What the linker takes in such a program, by its name without `weak:`.
    this.bound = (name) => parts.map((part) => `weak:${part}-${name}`).find((other) => names.includes(other));
    const imports = {
      env: { memory: this.memory },
      p1bridge: {
        state: () => this.places[0],
        ...pieces,
        base: () => this.base,
        limit: () => BigInt(this.memory.buffer.byteLength - this.base),
        sockets: () => 1,
        handles: () => this.tables[0],
        max_handles: () => this.room,
        more_handles: () => {
          if (this.room >= maxHandles) return 0;
          this.move(this.tables, 16 + this.room * 16);
          this.room = Math.min(2 * this.room, maxHandles);
          return 1;
        },
        max_poll: () => maxPoll,
        poll_room: () => maxPoll,
        max_http: () => maxHttp,
        stdout: () => stdout,
        cabi_realloc: (...args) => this.realloc(...args),
      },
      wasi_snapshot_preview1: {},
    };
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (from === "wasi_snapshot_preview1") {
        imports[from][name] = (...args) => {
          this.calls.push(name);
          if (!p1[name]) throw new Error(`the host function ${name} was called`);
          return p1[name].apply(this, args) ?? 0;
        };
      } else if (from === "p1bridge:tasks") {
        imports[from] ??= {};
        imports[from][name] = (...args) => (this.asked.push([name, ...args]), given++);
        if (name === "host_base") imports[from][name] = () => this.base;
        // A string so far into the state block, which the guest has room made for: it moves.
        if (name === "host_text") imports[from][name] = (port, place, length, pointer) => {
          const to = this.realloc(0, 0, 1, length);
          const from = this.places[0] + place;
          new Uint8Array(this.memory.buffer).copyWithin(to + this.base, from, from + length);
          this.setU32(pointer + this.base, to);
          this.setU32(pointer + this.base + 4, length);
        };
      } else if (from.startsWith("if ") && kind === "function") {
        imports[from] ??= {};
        const bound = this.bound(name.replace("weak:", "")) ?? name;
        imports[from][name] = (...args) => this.exports[bound](...args);
      }
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
  }

  realloc(old, oldSize, align, size) {
    if (old === 0 && size === 0) return align;
    if (size === 0) throw new Error("realloc to nothing");
    if (old !== 0 && this.live.get(old) !== oldSize) throw new Error("realloc of what is not ours");
    const at = (this.heap + 15) & ~15;
    this.heap = at + size;
    const bytes = new Uint8Array(this.memory.buffer);
    const [own, ownOld] = [at + this.base, old + this.base];
    bytes.fill(0xcc, own, own + size);
    bytes.copyWithin(own, ownOld, ownOld + Math.min(old === 0 ? 0 : oldSize, size));
    this.live.delete(old);
    this.live.set(at, size);
    this.move(this.places, this.size);
    this.move(this.tables, 16 + this.room * 16);
    return at;
  }

  /** Moves bytes to the other of two places of 16 KiB. Nothing is behind them there. */
  move(places, size) {
    const bytes = new Uint8Array(this.memory.buffer);
    const [from, to] = places;
    bytes.fill(0, to, to + 0x4000);
    bytes.copyWithin(to, from, from + size);
    bytes.fill(0xaa, from, from + size);
    places.reverse();
  }

  get view() {
    return new DataView(this.memory.buffer);
  }
  /** The guest's address, or the host's, in the memory. */
  at = (at) => (at < this.base ? at + this.base : at);
  u8 = (at) => this.view.getUint8(this.at(at));
  u32 = (at) => this.view.getUint32(this.at(at), true);
  u64 = (at) => this.view.getBigUint64(this.at(at), true);
  setU8 = (at, value) => this.view.setUint8(this.at(at), value);
  setU32 = (at, value) => this.view.setUint32(this.at(at), value, true);
  setU64 = (at, value) => this.view.setBigUint64(this.at(at), BigInt(value), true);
  bytes = (at, length) => new Uint8Array(this.memory.buffer, this.at(at), length).slice();
  text = (at, length) => Buffer.from(this.bytes(at, length)).toString("latin1");
  put = (at, bytes) => new Uint8Array(this.memory.buffer).set(bytes, this.at(at));

  /** Text of a string at `at` that the guest owns: its memory must have been allocated exactly. */
  string(at) {
    const [pointer, length] = [this.u32(at), this.u32(at + 4)];
    if (length !== 0 && this.live.get(pointer) !== length) throw new Error("not the guest's own string");
    return Buffer.from(this.bytes(pointer, length)).toString("utf8");
  }

  /** Calls an exported function of an interface. Strings become pointer and length. A name is that of WASI 0.2, or
   *  of the version that the library has. */
  call(name, ...args) {
    let next = 0x400;
    const flat = args.flatMap((arg) => {
      if (typeof arg !== "string") return [arg];
      const bytes = Buffer.from(arg);
      this.put(next, bytes);
      next += bytes.length;
      return [next - bytes.length, bytes.length];
    });
    return this.exports[this.bound(name) ?? name.replace("@0.2#", this.version)](...flat);
  }

  /** The same for a function with a return pointer, whose result is filled with rubbish first. */
  get(name, ...args) {
    new Uint8Array(this.memory.buffer).fill(0xee, this.at(OUT), this.at(OUT) + 128);
    this.call(name, ...args, OUT);
    return OUT;
  }

  /** What the vectors of a read or write hold, as `[at, length]` pairs. */
  vectors = (at, count) =>
    Array.from({ length: count }, (_, i) => [this.u32(at + i * 8), this.u32(at + i * 8 + 4)]);
  gathered = (at, count) => this.vectors(at, count).map(([p, n]) => this.text(p, n)).join("");

  /** What `fd_read` does with parts to read: texts, and numbers that are its errors. */
  readPart = (parts, at, count, read) => {
    const part = parts.shift() ?? "";
    if (typeof part === "number") return part;
    const [[to, length]] = this.vectors(at, count);
    const bytes = Buffer.from(part, "latin1");
    this.put(to, bytes.subarray(0, length));
    if (bytes.length > length) parts.unshift(part.slice(length));
    this.setU32(read, Math.min(bytes.length, length));
  };
}

/** Where results go. */
export const OUT = 0x200;

/** The names of functions, without their interfaces' package. */
export const io = (name) => `wasi:io/streams@0.2#${name}`;
export const input = (name) => io(`[method]input-stream.${name}`);
export const output = (name) => io(`[method]output-stream.${name}`);
export const fs = (name) => `wasi:filesystem/types@0.2#[method]descriptor.${name}`;

/** Whether a call ends in `unreachable` or another trap of wasm. */
export function traps(call) {
  try {
    call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return true;
    throw error;
  }
  return false;
}
