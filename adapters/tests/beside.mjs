// p1-on-p1: what a guest above another gives to Preview 1, and what the host sees of it.

import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { test } from "./suite.mjs";

const module = new WebAssembly.Module(readFileSync(new URL("../prebuilt/p1-on-p1.wasm", import.meta.url)));
const BASE = 0x20000;
const SIZE = 0x10000;

// The parameters of every function with a pointer: a number is one to so many bytes, `[n, k]` one to as many elements
// of n bytes as parameter k says, `v` a vector of as many buffers as the next parameter says, `-` anything else, `=` the
// same in 64 bits.
const FUNCTIONS = {
  args_sizes_get: [4, 4], environ_sizes_get: [4, 4], clock_res_get: ["-", 8], clock_time_get: ["-", "=", 8],
  fd_advise: ["-", "=", "=", "-"], fd_allocate: ["-", "=", "="], fd_close: ["-"], fd_datasync: ["-"],
  fd_fdstat_get: ["-", 24], fd_fdstat_set_flags: ["-", "-"], fd_fdstat_set_rights: ["-", "=", "="],
  fd_filestat_get: ["-", 64], fd_filestat_set_size: ["-", "="], fd_filestat_set_times: ["-", "=", "=", "-"],
  fd_pread: ["-", "v", "-", "=", 4], fd_prestat_dir_name: ["-", [1, 2], "-"], fd_prestat_get: ["-", 8],
  fd_pwrite: ["-", "v", "-", "=", 4], fd_read: ["-", "v", "-", 4], fd_readdir: ["-", [1, 2], "-", "=", 4],
  fd_renumber: ["-", "-"], fd_seek: ["-", "=", "-", 8], fd_sync: ["-"], fd_tell: ["-", 8], fd_write: ["-", "v", "-", 4],
  path_create_directory: ["-", [1, 2], "-"], path_filestat_get: ["-", "-", [1, 3], "-", 64],
  path_filestat_set_times: ["-", "-", [1, 3], "-", "=", "=", "-"],
  path_link: ["-", "-", [1, 3], "-", "-", [1, 6], "-"],
  path_open: ["-", "-", [1, 3], "-", "-", "=", "=", "-", 4], path_readlink: ["-", [1, 2], "-", [1, 4], "-", 4],
  path_remove_directory: ["-", [1, 2], "-"], path_rename: ["-", [1, 2], "-", "-", [1, 5], "-"],
  path_symlink: [[1, 1], "-", "-", [1, 4], "-"], path_unlink_file: ["-", [1, 2], "-"],
  poll_oneoff: [[48, 2], [32, 2], "-", 4], proc_raise: ["-"], random_get: [[1, 1], "-"], sched_yield: [],
  sock_accept: ["-", "-", 4], sock_recv: ["-", "v", "-", "-", 4, 2], sock_send: ["-", "v", "-", "-", 4],
  sock_shutdown: ["-", "-"],
};
const ELSEWHERE = ["args_get", "environ_get", "proc_exit"];

/** The library for a guest whose memory begins at BASE, with a host function in place of all that are not given. */
function library(host) {
  const memory = new WebAssembly.Memory({ initial: (BASE + SIZE) / 65536 + 1 });
  const p1 = Object.fromEntries(
    WebAssembly.Module.imports(module)
      .filter((i) => i.module === "wasi_snapshot_preview1")
      .map(({ name }) => [name, (...values) => host(name, values, new DataView(memory.buffer))]),
  );
  const p1bridge = { base: () => BASE, limit: () => BigInt(SIZE) };
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, p1bridge, wasi_snapshot_preview1: p1 });
  return { view: new DataView(memory.buffer), call: (name, ...values) => exports[`wasi_snapshot_preview1#${name}`](...values) };
}

const COUNT = 3;

/** Arguments with all pointers inside, each behind the one before; those at the places in `at` are that number instead. */
function values(view, kinds, at = {}) {
  let next = 0x100;
  const take = (size) => (next += (size + 31) & ~15) - ((size + 31) & ~15);
  return kinds.map((kind, i) => {
    if (i in at) return at[i];
    if (kind === "-") return COUNT;
    if (kind === "=") return 7n;
    if (kind !== "v") return take(Array.isArray(kind) ? kind[0] * COUNT : kind);
    const vector = take(8 * COUNT);
    for (let n = 0; n < COUNT; n++) {
      view.setUint32(BASE + vector + 8 * n, take(5 + n), true);
      view.setUint32(BASE + vector + 8 * n + 4, 5 + n, true);
    }
    return vector;
  });
}

test("every function of Preview 1 is there for a guest beside others", () => {
  const names = WebAssembly.Module.exports(module).map((e) => e.name.replace("wasi_snapshot_preview1#", ""));
  assert.deepEqual(names.sort(), [...Object.keys(FUNCTIONS), ...ELSEWHERE].sort());
  assert.equal(names.length, 46);
});

test("the host sees every pointer where it is in the memory", () => {
  for (const [name, kinds] of Object.entries(FUNCTIONS)) {
    let seen;
    const { view, call } = library((host, given, memory) => {
      const buffers = kinds.flatMap((kind, i) => (kind === "v" ? [0, 1, 2].map((n) => memory.getUint32(given[i] + 8 * n, true)) : []));
      seen = { host, given, buffers };
      return 52;
    });
    const given = values(view, kinds);
    const vector = kinds.indexOf("v");
    const buffers = () => (vector < 0 ? [] : [0, 1, 2].map((n) => view.getUint32(BASE + given[vector] + 8 * n, true)));
    const before = buffers();
    assert.equal(call(name, ...given), 52, name);
    assert.equal(seen.host, name);
    const pointer = (kind) => kind !== "-" && kind !== "=";
    assert.deepEqual(seen.given, given.map((value, i) => (pointer(kinds[i]) ? value + BASE : value)), name);
    assert.deepEqual(seen.buffers, before.map((at) => at + BASE), name);
    assert.deepEqual(buffers(), before, `${name}: the vector is as it was`);
  }
});

test("a pointer that is not inside of the guest's memory traps before the host is called", () => {
  for (const [name, kinds] of Object.entries(FUNCTIONS)) {
    for (const [i, kind] of kinds.entries()) {
      if (kind === "-" || kind === "=") continue;
      const size = kind === "v" ? 8 * COUNT : Array.isArray(kind) ? kind[0] * COUNT : kind;
      for (const at of [SIZE - size + 1, SIZE, -1, 0xfffffff0 | 0, -BASE]) {
        const { view, call } = library(() => assert.fail(`${name}: the host is called`));
        assert.throws(() => call(name, ...values(view, kinds, { [i]: at })), WebAssembly.RuntimeError, `${name} ${i} ${at}`);
      }
      const { view, call } = library(() => 0);
      if (kind !== "v") assert.equal(call(name, ...values(view, kinds, { [i]: SIZE - size })), 0, `${name}: up to the end`);
    }
  }
});

test("a buffer of a vector that is not inside of the guest's memory traps", () => {
  for (const [name, kinds] of Object.entries(FUNCTIONS).filter(([, kinds]) => kinds.includes("v"))) {
    for (const [pointer, length] of [[SIZE - 4, 5], [0, SIZE + 1], [16, -8], [-16, 32], [-BASE, 4]]) {
      const { view, call } = library(() => assert.fail(`${name}: the host is called`));
      const given = values(view, kinds);
      const at = BASE + given[kinds.indexOf("v")] + 16;
      view.setInt32(at, pointer, true);
      view.setInt32(at + 4, length, true);
      assert.throws(() => call(name, ...given), WebAssembly.RuntimeError, `${name} ${pointer} ${length}`);
    }
  }
});

test("more elements than there are addresses trap", () => {
  const { call } = library(() => assert.fail("the host is called"));
  for (const count of [0x20000000, 0x10000001, -1]) {
    assert.throws(() => call("fd_write", 1, 16, count, 0), WebAssembly.RuntimeError);
    assert.throws(() => call("poll_oneoff", 16, 4096, count, 0), WebAssembly.RuntimeError);
  }
});

test("no buffers at all reach the host", () => {
  const { call } = library((name, given) => (assert.deepEqual(given, [1, BASE + SIZE, 0, BASE + 8]), 28));
  assert.equal(call("fd_write", 1, SIZE, 0, 8), 28);
});

for (const [get, sizes] of [["args_get", "args_sizes_get"], ["environ_get", "environ_sizes_get"]]) {
  const host = (texts, fails = {}) => (name, [a, b], memory) => {
    if (fails[name]) return fails[name];
    if (name === sizes) {
      memory.setUint32(a, texts.length, true);
      memory.setUint32(b, texts.reduce((sum, text) => sum + text.length + 1, 0), true);
      return 0;
    }
    assert.equal(name, get);
    for (const text of texts) {
      memory.setUint32(a, b, true);
      a += 4;
      for (const c of `${text}\0`) memory.setUint8(b++, c.charCodeAt(0));
    }
    return 0;
  };

  test(`${get} gives pointers of the guest, and nothing else changes`, () => {
    const { view, call } = library(host(["one", "", "three"]));
    for (let i = 0; i < 16; i++) view.setUint8(BASE + i, 100 + i);
    assert.equal(call(get, 0x40, 0x80), 0);
    assert.deepEqual([0, 1, 2].map((i) => view.getUint32(BASE + 0x40 + 4 * i, true)), [0x80, 0x84, 0x85]);
    assert.equal(String.fromCharCode(...new Uint8Array(view.buffer, BASE + 0x80, 11)), "one\0\0three\0");
    for (let i = 0; i < 16; i++) assert.equal(view.getUint8(BASE + i), 100 + i);
  });

  test(`${get} traps where there is no room, and passes errors`, () => {
    const { call } = library(host(["one", "", "three"]));
    assert.throws(() => call(get, SIZE - 8, 0x80), WebAssembly.RuntimeError);
    assert.throws(() => call(get, 0x40, SIZE - 10), WebAssembly.RuntimeError);
    assert.equal(library(host([], { [sizes]: 29 })).call(get, 0x40, 0x80), 29);
    assert.equal(library(host(["a"], { [get]: 48 })).call(get, 0x40, 0x80), 48);
  });
}
