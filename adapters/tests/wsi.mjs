// Tests of adapters/prebuilt/wsi-on-p1.wasm on a host of their own: what it asks, what it makes of faults, and that it
// writes nowhere but below the stack pointer.

import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "./suite.mjs";

const module = new WebAssembly.Module(readFileSync(new URL("../prebuilt/wsi-on-p1.wasm", import.meta.url)));
const TOP = 32768;
const POLLS = 4;
const MS = 1_000_000n;
const facts = new TextDecoder().decode(WebAssembly.Module.customSections(module, "p1bridge.library")[0]);
const fact = (key) => Number(facts.split("\n").find((line) => line.startsWith(`${key} `)).split(" ")[1]);

/** The library on a host that has the functions of Preview 1 in `host`, each with `this` a [`Guest`]. */
class Guest {
  constructor(host, sockets = 0, threads = 0) {
    this.memory = new WebAssembly.Memory({ initial: 1 });
    this.calls = [];
    const imports = { env: { memory: this.memory }, wasi_snapshot_preview1: {}, "if p1bridge:sockets": {} };
    imports.p1bridge = {
      frame: () => TOP,
      frame_polls: () => TOP,
      frame_names: () => TOP,
      max_poll: () => POLLS,
      sockets: () => sockets,
      threads: () => threads,
    };
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from === "wasi_snapshot_preview1") {
        imports[from][name] = (...args) => {
          this.calls.push(name);
          ok(host[name], `the host is asked for ${name}`);
          return host[name].apply(this, args) ?? 0;
        };
      } else if (from.startsWith("if ")) {
        imports[from][name] = (...args) => this.exports[name](...args);
      }
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
  }

  /** Calls a function of WSI: `io.read`. */
  call(name, ...args) {
    const [interface_, field] = name.split(".");
    return this.exports[`wsi:sys/${interface_}@0.1#${field}`](...args);
  }

  get view() {
    return new DataView(this.memory.buffer);
  }

  setU32(at, value) { this.view.setUint32(at, value, true); }
  setU64(at, value) { this.view.setBigUint64(at, value, true); }
  u32(at) { return this.view.getUint32(at, true); }
  u64(at) { return this.view.getBigUint64(at, true); }
  u16(at) { return this.view.getUint16(at, true); }

  /** Writes entries of a poll. */
  subs(at, entries) {
    entries.forEach(({ fd, want = 0, at: time = 0n }, i) => {
      this.view.setInt32(at + 16 * i, fd, true);
      this.view.setUint16(at + 16 * i + 4, want, true);
      this.view.setUint16(at + 16 * i + 6, 0xffff, true);
      this.setU64(at + 16 * i + 8, time);
    });
  }

  got(at, count) {
    return Array.from({ length: count }, (_, i) => this.u16(at + 16 * i + 6));
  }

  /** Does something, which must write to nothing but so many bytes below the stack pointer, and `out`. */
  within(frame, out, body) {
    const bytes = new Uint8Array(this.memory.buffer);
    const before = bytes.slice();
    body();
    for (let at = 0; at < bytes.length; at++) {
      const allowed = (at >= TOP - frame && at < TOP) || out.some(([from, length]) => at >= from && at < from + length);
      ok(allowed || bytes[at] === before[at], `the byte at ${at} is written, ${TOP - at} below the stack pointer`);
    }
  }
}

/** A host whose clock moves only in `poll_oneoff`; `answer(asked)` gives the indexes that are ready, or an error number. */
function timed(answer, threads = 0) {
  const guest = new Guest({
    clock_time_get(id, precision, at) {
      equal(id, 1);
      this.setU64(at, this.now);
    },
    poll_oneoff(subscriptions, events, count, result) {
      ok(count > 0, "a host may hang without a subscription");
      equal(subscriptions % 8, 0);
      equal(events % 8, 0);
      const asked = Array.from({ length: count }, (_, i) => {
        const at = subscriptions + 48 * i;
        const tag = this.view.getUint8(at + 8);
        if (tag !== 0) return { index: Number(this.u64(at)), fd: this.u32(at + 16), tag };
        equal(this.u16(at + 40), 0, "the clock is relative");
        equal(this.u64(at + 24) % MS, 0n, "whole milliseconds");
        ok(this.u64(at + 24) >= MS, "at least one");
        return { clock: this.u32(at + 16), timeout: this.u64(at + 24) };
      });
      ok(asked.filter((one) => "timeout" in one).length <= 1, "one clock at most");
      this.asked.push(asked);
      const fired = answer.call(this, asked);
      if (typeof fired === "number") return fired;
      fired.forEach(({ index, tag = 0, error = 0, flags = 0 }, i) => {
        const at = events + 32 * i;
        this.setU64(at, BigInt(index ?? 0));
        this.view.setUint16(at + 8, error, true);
        this.view.setUint8(at + 10, tag);
        this.view.setUint16(at + 24, flags, true);
      });
      this.setU32(result, fired.length);
    },
  }, 0, threads);
  guest.now = 1000n * MS;
  guest.asked = [];
  return guest;
}

/** Lets the time of the clock that was asked for pass. */
function pass(guest, asked) {
  const clock = asked.find((one) => "timeout" in one);
  guest.now += clock.timeout;
  return [{ tag: 0 }];
}

const SUBS = 1024;

test("wsi: a result is a value or a negative error number", () => {
  let errno = 0;
  const guest = new Guest({
    fd_write(fd, iov, n, at) {
      deepEqual([fd, iov, n], [1, 64, 2]);
      if (errno === 0) this.setU32(at, 7);
      return errno;
    },
    fd_seek(fd, by, from, at) {
      this.setU64(at, 1n << 40n);
      return errno;
    },
  });
  guest.within(fact("frame"), [], () => equal(guest.call("io.write", 1, 64, 2), 7));
  equal(guest.call("io.seek", 3, 5n, 0), 1n << 40n);
  errno = 8;
  equal(guest.call("io.write", 1, 64, 2), -8);
  equal(guest.call("io.seek", 3, 5n, 0), -8n);
});

test("wsi: what a signal broke off is called again", () => {
  let left = 0;
  const again = () => (left-- > 0 ? 27 : 0);
  const number = (at) => function (...args) {
    this.setU32(args[at], 3);
    return again();
  };
  const guest = new Guest({
    fd_read: number(3), fd_write: number(3), fd_pread: number(4), fd_pwrite: number(4), fd_readdir: number(4),
    path_open: number(8), sock_accept: number(2), sock_send: number(4), sock_recv: number(4),
    fd_sync: again, fd_filestat_set_size: again, random_get: again, fd_fdstat_get: () => 0,
  });
  for (const [name, ...args] of [
    ["io.read", 0, 0, 1], ["io.write", 0, 0, 1], ["io.pread", 0, 0, 1, 0n], ["io.pwrite", 0, 0, 1, 0n],
    ["fs.readdir", 3, 0, 0, 0n], ["fs.open", 3, 0, 1, 16], ["net.accept", 3, 0, 0], ["net.send", 3, 0, 1, 0, 0],
    ["net.recv", 3, 0, 1, 0, 0],
  ]) {
    left = 3;
    equal(guest.call(name, ...args), 3, name);
    equal(left, -1, name);
  }
  for (const [name, ...args] of [["io.sync", 3, 0], ["fs.truncate", 3, 0n], ["random.fill", 0, 8]]) {
    left = 3;
    equal(guest.call(name, ...args), 0, name);
  }
});

test("wsi: no host is asked for no buffers, or for a clock that is not there", () => {
  const guest = new Guest({});
  for (const name of ["io.read", "io.write"]) equal(guest.call(name, 99, 0, 0), 0);
  for (const name of ["io.pread", "io.pwrite"]) equal(guest.call(name, 99, 0, 0, 5n), 0);
  equal(guest.call("time.now", 4), -28n);
  equal(guest.call("time.resolution", -1), -28n);
  deepEqual(guest.calls, []);
});

test("wsi: flags are set where they change", () => {
  const guest = new Guest({
    fd_fdstat_get(fd, at) {
      this.setU64(at, 0x8001_0002n);
      this.view.setUint16(at + 2, 0x8001, true);
    },
    fd_fdstat_set_flags(fd, flags) { equal(flags, 5); },
  });
  guest.within(fact("frame"), [], () => equal(guest.call("io.flags", 3, 0, 31), 2 << 8 | 1));
  equal(guest.call("io.flags", 3, 1, 1), 2 << 8 | 1);
  ok(!guest.calls.includes("fd_fdstat_set_flags"));
  equal(guest.call("io.flags", 3, 4, 4), 2 << 8 | 5);
  equal(guest.call("io.flags", 3, 32, 0), -58);
});

test("wsi: a descriptor that is read-only has nothing to write back", () => {
  let errno = 76;
  const guest = new Guest({ fd_sync: () => errno, fd_datasync: () => errno });
  equal(guest.call("io.sync", 3, 0), 0);
  equal(guest.call("io.sync", 3, 1), 0);
  errno = 29;
  equal(guest.call("io.sync", 3, 0), -29);
});

test("wsi: a file is opened with the rights that are wanted and passed on", () => {
  const seen = [];
  const guest = new Guest({
    fd_fdstat_get(fd, at) {
      this.setU64(at + 8, 0n);
      this.setU64(at + 16, 0x3fff_ffffn & ~(1n << 5n));
    },
    path_open(fd, follow, path, length, oflags, rights, inheriting, fdflags, at) {
      seen.push([follow, oflags, rights & 0x42n, rights & 0x20n, fdflags]);
      this.setU32(at, 9);
    },
  });
  guest.within(fact("frame"), [], () => equal(guest.call("fs.open", 3, 16, 4, 16), 9));
  guest.call("fs.open", 3, 16, 4, 1 | 4 | 32 | 64 | 1 << 8);
  deepEqual(seen, [[0, 0, 2n, 0n, 0], [1, 5, 0x40n, 0n, 1]]);
  equal(guest.call("fs.open", 3, 16, 4, 128), -58);
});

test("wsi: a name of a directory is written whole or not at all", () => {
  const guest = new Guest({
    fd_prestat_get(fd, at) {
      this.setU32(at, 0);
      this.setU32(at + 4, 5);
    },
    fd_prestat_dir_name(fd, buf, length) { equal(length, 5); },
  });
  equal(guest.call("fs.preopen", 3, 64, 4), 5);
  deepEqual(guest.calls, ["fd_prestat_get"]);
  equal(guest.call("fs.preopen", 3, 64, 80), 5);
});

test("wsi: a poll asks for one clock, the earliest of all", () => {
  const guest = timed(function (asked) { return pass(this, asked); });
  guest.subs(SUBS, [{ fd: -1, at: guest.now + 50n * MS }, { fd: 0, want: 1 }, { fd: -1, at: guest.now + 7n * MS + 1n }]);
  const frame = fact("frame") + fact("frame-polls") * 2;
  guest.within(frame, [[SUBS, 48]], () => equal(guest.call("io.poll", SUBS, 3, guest.now + 90n * MS), 1));
  deepEqual(guest.asked, [[{ clock: 1, timeout: 8n * MS }, { index: 1, fd: 0, tag: 1 }]]);
  deepEqual(guest.got(SUBS, 3), [0, 0, 16]);
});

test("wsi: a poll without times asks for no clock", () => {
  const guest = timed(() => [{ index: 1, tag: 2, flags: 1 }]);
  guest.subs(SUBS, [{ fd: -9, want: 3 }, { fd: 5, want: 3 }]);
  equal(guest.call("io.poll", SUBS, 2, -1n), 1);
  equal(guest.asked[0].length, 2);
  ok(!guest.calls.includes("clock_time_get"));
  deepEqual(guest.got(SUBS, 2), [0, 2 | 4]);
});

test("wsi: a deadline that is past looks once and asks no host for nothing", () => {
  const guest = timed(function (asked) { return pass(this, asked); });
  equal(guest.call("io.poll", SUBS, 0, 0n), 0);
  equal(guest.call("io.poll", SUBS, 0, guest.now), 0);
  deepEqual(guest.asked, []);
  guest.subs(SUBS, [{ fd: 5, want: 1 }]);
  equal(guest.call("io.poll", SUBS, 1, 0n), 0);
  deepEqual(guest.asked.map((asked) => asked.length), [2]);
  equal(guest.call("io.poll", SUBS, 0, -1n), -28);
});

test("wsi: a host that is back too early is asked again until the time has come", () => {
  let early = 3;
  const guest = timed(function (asked) {
    if (early-- > 0) {
      this.now += MS / 4n;
      return early === 1 ? 27 : [{ tag: 0 }];
    }
    return pass(this, asked);
  });
  const deadline = guest.now + 2n * MS;
  equal(guest.call("io.poll", SUBS, 0, deadline), 0);
  ok(guest.now >= deadline);
  equal(guest.asked.length, 4);
});

test("wsi: where a host fails for all, each is asked alone", () => {
  const guest = timed((asked) => {
    const fds = asked.filter((one) => "fd" in one);
    if (fds.some(({ fd }) => fd === 7)) return 8;
    if (fds.some(({ fd }) => fd === 6)) return 63;
    return [];
  });
  guest.subs(SUBS, [{ fd: 5, want: 1 }, { fd: 6, want: 2 }, { fd: 7, want: 1 }]);
  const frame = fact("frame") + fact("frame-polls") * 4;
  guest.within(frame, [[SUBS, 48]], () => equal(guest.call("io.poll", SUBS, 3, -1n), 2));
  deepEqual(guest.got(SUBS, 3), [0, 2, 8]);
  deepEqual(guest.asked.map((asked) => asked.length), [3, 2, 2, 2]);
});

test("wsi: a word that differs ends the wait, which still looks at descriptors", () => {
  const guest = timed(() => [{ index: 1, tag: 1 }]);
  guest.setU32(512, 5);
  guest.subs(SUBS, [{ fd: -2, at: 512n | 4n << 32n }, { fd: 3, want: 1 }, { fd: -2, at: 512n | 5n << 32n }]);
  equal(guest.call("io.poll", SUBS, 3, -1n), 2);
  deepEqual(guest.got(SUBS, 3), [16, 1, 0]);
  equal(guest.asked[0].find((one) => "timeout" in one).timeout, MS);
});

test("wsi: a word that another thread may change is looked at every ten milliseconds", () => {
  for (const threads of [0, 1]) {
    const guest = timed(function (asked) {
      if (this.asked.length === 3) this.setU32(512, 6);
      return pass(this, asked);
    }, threads);
    guest.setU32(512, 5);
    guest.subs(SUBS, [{ fd: -2, at: 512n | 5n << 32n }, { fd: -1, at: guest.now + 50n * MS }]);
    equal(guest.call("io.poll", SUBS, 2, -1n), 1);
    deepEqual(guest.got(SUBS, 2), threads === 1 ? [16, 0] : [0, 16]);
    const slices = guest.asked.map(([clock]) => clock.timeout / MS);
    deepEqual(slices, threads === 1 ? [10n, 10n, 10n] : [50n]);
    // Without a word, as without threads.
    guest.asked = [];
    guest.subs(SUBS, [{ fd: 0, want: 1 }, { fd: -1, at: guest.now + 40n * MS }]);
    guest.call("io.poll", SUBS, 2, -1n);
    equal(guest.asked.length, 1);
    // A word alone is something to wait for.
    guest.setU32(512, 5);
    guest.subs(SUBS, [{ fd: -2, at: 512n | 5n << 32n }]);
    guest.asked = [];
    equal(guest.call("io.poll", SUBS, 1, -1n), threads === 1 ? 1 : -28);
  }
});

test("wsi: more directions than fit are refused, and timers take no room", () => {
  const guest = timed(function (asked) { return pass(this, asked); });
  guest.subs(SUBS, Array.from({ length: POLLS + 1 }, () => ({ fd: 1, want: 1 })));
  equal(guest.call("io.poll", SUBS, POLLS + 1, -1n), -28);
  guest.subs(SUBS, Array.from({ length: 100 }, () => ({ fd: -1, at: guest.now + MS })));
  guest.subs(SUBS, Array.from({ length: POLLS }, () => ({ fd: 1, want: 1 })));
  const frame = fact("frame") + fact("frame-polls") * (POLLS + 1);
  guest.within(frame, [[SUBS, 1600]], () => equal(guest.call("io.poll", SUBS, 100, -1n), 100 - POLLS));
});

test("wsi: without sockets, an address is not supported", () => {
  const guest = new Guest({});
  equal(guest.call("net.accept", 3, 0, 64), -58);
  equal(guest.call("net.send", 3, 0, 1, 0, 64), -58);
  equal(guest.call("net.recv", 3, 0, 1, 0, 64), -58);
  deepEqual(guest.calls, []);
});

test("wsi: addresses are those of WAMR, in another order", () => {
  let seen;
  const guest = new Guest({
    sock_connect(fd, at) { seen = Array.from(new Uint8Array(this.memory.buffer, at, 24)); },
    sock_addr_remote(fd, at) { new Uint8Array(this.memory.buffer).set(seen, at); },
  }, 1);
  const bytes = () => new Uint8Array(guest.memory.buffer, 64, 24);
  bytes().set([1, 0, 0x90, 0x1f, 0, 0, 0, 0, 127, 0, 0, 1]);
  guest.within(fact("frame"), [], () => equal(guest.call("net.connect", 3, 64), 0));
  deepEqual(seen.slice(0, 10), [0, 0, 0, 0, 127, 0, 0, 1, 0x90, 0x1f]);
  guest.within(fact("frame"), [[128, 24]], () => guest.call("net.name", 3, 1, 128));
  deepEqual(Array.from(new Uint8Array(guest.memory.buffer, 128, 24)), Array.from(bytes()));
  bytes().set([2, 0, 0x90, 0x1f, 0, 0, 0, 0, ...Array.from({ length: 16 }, (_, i) => i)]);
  equal(guest.call("net.connect", 3, 64), 0);
  deepEqual(seen.slice(0, 8), [1, 0, 0, 0, 1, 0, 3, 2]);
  deepEqual(seen.slice(20, 22), [0x90, 0x1f]);
  guest.call("net.name", 3, 1, 128);
  deepEqual(Array.from(new Uint8Array(guest.memory.buffer, 128, 24)), Array.from(bytes()));
  bytes()[4] = 1;
  equal(guest.call("net.connect", 3, 64), -58);
  bytes()[0] = 3;
  bytes()[4] = 0;
  equal(guest.call("net.connect", 3, 64), -5);
});

test("wsi: a name that is looked up has a place in the frame", () => {
  const guest = new Guest({
    sock_addr_resolve(host, service, hints, infos, count, found) {
      equal(new TextDecoder().decode(new Uint8Array(this.memory.buffer, host, 5)), "host\0");
      equal(count, 8);
      for (let i = 0; i < 8; i++) {
        this.setU32(infos + 28 * i, 0);
        this.setU32(infos + 28 * i + 4, 0x0100007f + i);
        this.view.setUint16(infos + 28 * i + 8, 0, true);
      }
      this.setU32(found, 12);
    },
  }, 1);
  new Uint8Array(guest.memory.buffer).set(new TextEncoder().encode("host"), 64);
  guest.within(fact("frame-names"), [[4096, 72]], () => equal(guest.call("net.resolve", 64, 4, 4096, 3), 3));
  deepEqual(Array.from(new Uint8Array(guest.memory.buffer, 4096 + 24, 12)), [1, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 1]);
  equal(guest.call("net.resolve", 64, 0, 4096, 3), -28);
  equal(guest.call("net.resolve", 64, 256, 4096, 3), -28);
  equal(guest.call("net.resolve", 64, 5, 4096, 3), -28);
});
