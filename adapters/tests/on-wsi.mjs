// Tests of adapters/prebuilt/p1-on-wsi.wasm on a host of their own.

import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "./suite.mjs";

const module = new WebAssembly.Module(readFileSync(new URL("../prebuilt/p1-on-wsi.wasm", import.meta.url)));
const TOP = 32768;
const MS = 1_000_000n;

/** The library on a host that has the functions of WSI in `host`, as `"io.read"`, each with `this` a [`Guest`]. */
class Guest {
  constructor(host) {
    this.memory = new WebAssembly.Memory({ initial: 1 });
    this.calls = [];
    const imports = { env: { memory: this.memory } };
    imports.p1bridge = { frame: () => TOP, frame_polls: () => TOP, max_poll: () => 4 };
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (!from.startsWith("wsi:")) continue;
      const full = `${from.slice(8).split("@")[0]}.${name}`;
      (imports[from] ??= {})[name] = (...args) => {
        this.calls.push([full, ...args]);
        ok(host[full], `the host is asked for ${full}`);
        return host[full].apply(this, args);
      };
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
  }

  /** Calls a function of Preview 1. */
  call(name, ...args) {
    return this.exports[`wasi_snapshot_preview1#${name}`](...args);
  }

  get view() {
    return new DataView(this.memory.buffer);
  }

  setU32(at, value) { this.view.setUint32(at, value, true); }
  setU64(at, value) { this.view.setBigUint64(at, value, true); }
  u8(at) { return this.view.getUint8(at); }
  u16(at) { return this.view.getUint16(at, true); }
  u32(at) { return this.view.getUint32(at, true); }
  u64(at) { return this.view.getBigUint64(at, true); }
}

test("on wsi: the library has the 46 functions", () => {
  equal(WebAssembly.Module.exports(module).length, 46);
});

test("on wsi: a value goes to its address, an error number is returned and nothing is written", () => {
  let result = 7;
  const guest = new Guest({
    "io.write": () => result,
    "io.seek": () => BigInt(result) * (result < 0 ? 1n : 1n << 33n),
    "proc.args-sizes": () => (result < 0 ? BigInt(result) : (20n << 32n) | 3n),
  });
  equal(guest.call("fd_write", 1, 64, 2, 512), 0);
  equal(guest.u32(512), 7);
  equal(guest.call("fd_tell", 4, 520), 0);
  equal(guest.u64(520), 7n << 33n);
  deepEqual(guest.calls.at(-1), ["io.seek", 4, 0n, 1]);
  equal(guest.call("args_sizes_get", 528, 532), 0);
  deepEqual([guest.u32(528), guest.u32(532)], [3, 20]);
  result = -8;
  guest.setU32(512, 99);
  for (const call of [["fd_write", 1, 64, 2, 512], ["fd_seek", 4, 0n, 0, 512], ["args_sizes_get", 512, 512]]) {
    equal(guest.call(...call), 8);
    equal(guest.u32(512), 99);
  }
});

test("on wsi: a terminal is what has no right to seek", () => {
  let kind = 2;
  const guest = new Guest({ "io.flags": () => (kind << 8) | 4 });
  const seek = 1n << 2n | 1n << 5n;
  equal(guest.call("fd_fdstat_get", 0, 512), 0);
  deepEqual([guest.u8(512), guest.u16(514)], [2, 4]);
  equal(guest.u64(520) & seek, 0n);
  equal(guest.u64(528), 0n);
  kind = 3;
  guest.call("fd_fdstat_get", 0, 512);
  equal(guest.u64(520) & seek, seek);
  ok(guest.u64(528) !== 0n);
});

test("on wsi: a file is opened for what the rights say", () => {
  const guest = new Guest({ "fs.open": () => 9 });
  const open = (follow, oflags, rights, flags) => {
    equal(guest.call("path_open", 3, follow, 64, 5, oflags, rights, 0n, flags, 512), 0);
    equal(guest.u32(512), 9);
    return guest.calls.at(-1)[4];
  };
  equal(open(0, 0, 1n << 1n, 0), 16);
  equal(open(1, 1 | 8, 1n << 6n, 1), 1 | 8 | 32 | 64 | 1 << 8);
  equal(open(0, 2, 1n << 14n, 4), 2 | 16 | 4 << 8);
  equal(open(0, 0, 0n, 0), 0);
});

test("on wsi: an empty path is no file", () => {
  const guest = new Guest({});
  equal(guest.call("path_filestat_get", 3, 0, 64, 0, 512), 44);
  equal(guest.call("path_filestat_set_times", 3, 0, 64, 0, 0n, 0n, 0), 44);
});

test("on wsi: a file grows where it is too short", () => {
  const guest = new Guest({
    "fs.stat"(fd, path, length, follow, out) {
      this.setU64(out + 32, 100n);
      return 0;
    },
    "fs.truncate": () => 0,
  });
  equal(guest.call("fd_allocate", 4, 0n, 100n), 0);
  equal(guest.calls.length, 1);
  equal(guest.call("fd_allocate", 4, 60n, 50n), 0);
  deepEqual(guest.calls.at(-1), ["fs.truncate", 4, 110n]);
  equal(guest.call("fd_allocate", 4, -1n, 50n), 28);
});

test("on wsi: a descriptor is renumbered to itself only", () => {
  const guest = new Guest({ "io.flags": (fd) => (fd === 9 ? -8 : 0) });
  equal(guest.call("fd_renumber", 4, 4), 0);
  equal(guest.call("fd_renumber", 4, 5), 58);
  equal(guest.call("fd_renumber", 9, 9), 8);
});

test("on wsi: a name of a directory needs room", () => {
  const guest = new Guest({ "fs.preopen": () => 6 });
  equal(guest.call("fd_prestat_get", 3, 512), 0);
  deepEqual([guest.u32(512), guest.u32(516)], [0, 6]);
  equal(guest.call("fd_prestat_dir_name", 3, 64, 6), 0);
  equal(guest.call("fd_prestat_dir_name", 3, 64, 5), 37);
});

test("on wsi: a poll has timers on the monotonic clock, and an event for each that is ready", () => {
  const seen = [];
  const guest = new Guest({
    "time.now": (clock) => (clock === 1 ? 1000n * MS : 5000n * MS),
    "io.poll"(subs, n, deadline) {
      equal(deadline, -1n);
      ok(subs + 16 * n <= TOP - 80 * (n + 1) - 16, "below what the same poll on Preview 1 needs");
      for (let i = 0; i < n; i++) {
        const at = subs + 16 * i;
        seen.push([this.view.getInt32(at, true), this.u16(at + 4), this.u64(at + 8)]);
        this.view.setUint16(at + 6, [16, 0, 1 | 4, 8][i], true);
      }
      return 3;
    },
  });
  const subscribe = (i, userdata, tag, { fd = 0, clock = 0, timeout = 0n, flags = 0 }) => {
    const at = 1024 + 48 * i;
    guest.setU64(at, userdata);
    guest.setU32(at + 8, tag);
    guest.setU32(at + 16, tag === 0 ? clock : fd);
    guest.setU64(at + 24, timeout);
    guest.view.setUint16(at + 40, flags, true);
  };
  subscribe(0, 11n, 0, { clock: 1, timeout: 7n * MS });
  subscribe(1, 12n, 0, { clock: 0, timeout: 5030n * MS, flags: 1 });
  subscribe(2, 13n, 1, { fd: 5 });
  subscribe(3, 14n, 2, { fd: 6 });
  equal(guest.call("poll_oneoff", 1024, 2048, 4, 512), 0);
  deepEqual(seen.map(([fd, want]) => [fd, want]), [[-1, 0], [-1, 0], [5, 1], [6, 2]]);
  deepEqual([seen[0][2], seen[1][2]], [1007n * MS, 1030n * MS]);
  equal(guest.u32(512), 3);
  const events = [0, 1, 2].map((i) => {
    const at = 2048 + 32 * i;
    return [guest.u64(at), guest.u16(at + 8), guest.u8(at + 10), guest.u64(at + 16), guest.u16(at + 24)];
  });
  deepEqual(events, [[11n, 0, 0, 0n, 0], [13n, 0, 1, 0n, 1], [14n, 8, 2, 0n, 0]]);
  equal(guest.call("poll_oneoff", 1024, 2048, 0, 512), 28);
  equal(guest.call("poll_oneoff", 1024, 2048, 5, 512), 28);
});

test("on wsi: a signal ends the program with its number", () => {
  const guest = new Guest({ "proc.exit": () => {} });
  guest.call("proc_raise", 15);
  deepEqual(guest.calls, [["proc.exit", 143]]);
});
