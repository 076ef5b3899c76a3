// The component side of WSI.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const fd = (name) => `wsi:sys/descriptors@0.1#[method]fd.${name}`;
const files = (name) => `wsi:sys/files@0.1#${name}`;
const DROP = "wsi:sys/descriptors@0.1#[resource-drop]fd";
const WAIT = "wsi:sys/polling@0.1#wait";
const SOURCES = 0x600;
const MS = 1_000_000n;

/** A guest whose host has one directory, 3, and opens 4, 5, … below it, which are of a file type. */
function host(more, fileType = 4, options) {
  let next = 4;
  const guest = new Guest({
    fd_prestat_get(fd, at) {
      if (fd > 3) return 8;
      this.setU32(at, 0);
      this.setU32(at + 4, 1);
    },
    fd_prestat_dir_name(fd, at) { this.setU8(at, 0x2f); },
    fd_fdstat_get(fd, at) {
      this.setU64(at, fd === 3 ? 3 : fileType | 5 << 16);
      this.setU64(at + 8, 0x3fff_ffff);
      this.setU64(at + 16, 0x3fff_ffff);
    },
    path_open(dir, follow, path, length, oflags, rights, inheriting, flags, at) {
      this.opened = [dir, follow, this.text(path, length), oflags, rights & 0x42n, flags];
      this.setU32(at, next++);
    },
    fd_close(fd) { (this.closed ??= []).push(fd); },
    ...more,
  }, options);
  guest.get(files("preopens"));
  equal(guest.u32(OUT + 4), 1);
  guest.dir = guest.u32(guest.u32(OUT));
  guest.open = (how = 0b110000, name = "f") => {
    guest.get(files("open"), guest.dir, name, how);
    equal(guest.u8(OUT), 0);
    return guest.u32(OUT + 4);
  };
  return guest;
}

test("wsi component: a file is opened as it is asked, and closed when it is dropped; a given directory is not", () => {
  const guest = host();
  const file = guest.open(0b1_1101_0001, "name");
  deepEqual(guest.opened, [3, 1, "name", 1, 2n, 5]);
  guest.call(DROP, file);
  deepEqual(guest.closed, [4]);
  ok(traps(() => guest.call(DROP, file)), "it is gone");
  guest.call(DROP, guest.dir);
  deepEqual(guest.closed, [4]);
});

test("wsi component: handles of WASI are no descriptors of WSI, and the other way round", () => {
  const guest = host();
  guest.get("wasi:filesystem/preopens@0.2#get-directories");
  const other = guest.u32(guest.u32(OUT));
  for (const handle of [0, other, 9999, 0xffffffff]) {
    ok(traps(() => guest.get(fd("read"), handle, 1)), `${handle}`);
    ok(traps(() => guest.get(files("open"), handle, "f", 0)), `${handle}`);
  }
  ok(traps(() => guest.get("wasi:filesystem/types@0.2#[method]descriptor.stat", guest.dir)));
  ok(traps(() => guest.get(files("mkdir"), guest.dir, 0x7ffff000, 0x7fffffff)), "a path outside of the memory");
});

test("wsi component: a read is as long as what the host says, and not longer than what was asked", () => {
  let count = 3;
  const guest = host({
    fd_read(fd, vectors, n, at) {
      const [[to, length]] = this.vectors(vectors, n);
      this.asked = length;
      this.put(to, Buffer.from("abc").subarray(0, length));
      this.setU32(at, count);
    },
  });
  const file = guest.open();
  const read = (max) => {
    guest.get(fd("read"), file, max);
    equal(guest.u8(OUT), 0);
    return [guest.asked, guest.text(guest.u32(OUT + 4), guest.u32(OUT + 8))];
  };
  deepEqual(read(5), [5, "abc"]);
  count = 100;
  deepEqual(read(2), [2, "ab"]);
  count = 0;
  deepEqual(read(0xffffffff), [65536, ""]);
  guest.asked = "nothing";
  deepEqual(read(0), ["nothing", ""]);
});

test("wsi component: errors of the host are the error numbers, and an interrupted call is made again", () => {
  let errnos = [27, 27, 29];
  const guest = host({
    fd_read: () => errnos.shift(),
    fd_filestat_get: () => 76,
    fd_seek: () => 70,
    fd_sync: () => 76,
    path_create_directory: () => 20,
  });
  const file = guest.open();
  guest.get(fd("read"), file, 1);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 4) & 0xffff, errnos.length], [1, 29, 0]);
  guest.get(fd("status"), file);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8) & 0xffff], [1, 76]);
  guest.get(fd("seek"), file, 0n, 0);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8) & 0xffff], [1, 70]);
  guest.get(fd("sync"), file, 0);
  equal(guest.u8(OUT), 0, "read-only");
  guest.get(files("mkdir"), guest.dir, "d");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 2)], [1, 20]);
});

test("wsi component: entries are those that the host wrote whole, and not more than were asked for", () => {
  const entries = [["one", 4], ["", 3], ["caf\u00e9", 7]];
  let full = false;
  const guest = host({
    fd_readdir(fd, at, length, cookie, used) {
      let to = at;
      entries.slice(Number(cookie)).forEach(([name, type], i) => {
        const bytes = Buffer.from(name);
        this.setU64(to, Number(cookie) + i + 1);
        this.setU64(to + 8, 100 + i);
        this.setU32(to + 16, bytes.length);
        this.setU32(to + 20, type);
        this.put(to + 24, bytes);
        to += 24 + bytes.length;
      });
      // The last one is cut off.
      this.setU32(to + 16, full ? 1 << 20 : 1);
      this.setU32(used, full ? length : to + 24 - at);
    },
  });
  const list = (cookie, max) => {
    guest.get(files("readdir"), guest.dir, cookie, max);
    equal(guest.u8(OUT), 0);
    const [at, length] = [guest.u32(OUT + 4), guest.u32(OUT + 8)];
    equal(guest.live.get(at) ?? 0, length * 32);
    return Array.from({ length }, (_, i) => [guest.string(at + 32 * i + 20), guest.u8(at + 32 * i + 16), guest.u64(at + 32 * i)]);
  };
  deepEqual(list(0n, 9), [["one", 4, 1n], ["", 3, 2n], ["caf\u00e9", 7, 3n]]);
  deepEqual(list(1n, 1), [["", 3, 2n]]);
  deepEqual(list(3n, 9), []);
  full = true;
  guest.get(files("readdir"), guest.dir, 3n, 9);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 4) & 0xffff], [1, 37], "one name fills everything");
});

/** A guest on a host where `answer` says of each descriptor that is asked about what its event is: flags, an error, nothing. */
function polling(answer, maxPoll) {
  const guest = host({
    clock_time_get(id, precision, at) { this.setU64(at, this.now); },
    poll_oneoff(subscriptions, events, count, result) {
      const asked = [];
      let fired = 0;
      for (let i = 0; i < count; i++) {
        const at = subscriptions + 48 * i;
        const tag = this.u8(at + 8);
        asked.push(tag === 0 ? "clock" : [this.u32(at + 16), tag]);
        const event = tag === 0 ? undefined : answer.call(this, this.u32(at + 16), tag);
        if (event === undefined) {
          if (tag === 0) this.now += this.u64(at + 24);
          continue;
        }
        this.setU64(events + 32 * fired, this.u64(at));
        this.setU64(events + 32 * fired + 8, event.errno ?? 0);
        this.setU64(events + 32 * fired + 24, event.hangup ? 1 : 0);
        fired++;
      }
      this.asked.push(asked);
      this.setU32(result, fired);
    },
  }, 2, { maxPoll, maxHandles: 64 });
  guest.now = 1000n * MS;
  guest.asked = [];
  guest.wait = (sources, deadline) => {
    sources.forEach(([handle, events], i) => {
      const at = SOURCES + 16 * i;
      guest.setU8(at, handle === undefined ? 1 : 0);
      if (handle === undefined) return guest.setU64(at + 8, events);
      guest.setU32(at + 8, handle);
      guest.setU8(at + 12, events);
    });
    guest.get(WAIT, SOURCES, sources.length, deadline === undefined ? 0 : 1, deadline ?? 0n);
    if (guest.u8(OUT) === 1) return guest.u32(OUT + 4) & 0xffff;
    return [...guest.bytes(guest.u32(OUT + 4), guest.u32(OUT + 8))];
  };
  return guest;
}

test("wsi component: answers say which direction is ready, what hung up and what is broken", () => {
  const guest = polling((fd, tag) => ({ 4: tag === 1 ? { hangup: true } : undefined, 5: {}, 6: { errno: 8 } })[fd], 50);
  const [a, b, c] = [guest.open(), guest.open(), guest.open()];
  deepEqual(guest.wait([[a, 3], [b, 3], [c, 2], [b, 2], [a, 2], [a, 0]]), [5, 3, 8, 2, 0, 0]);
  deepEqual(guest.asked, [[[4, 1], [4, 2], [5, 1], [5, 2], [6, 2]]], "each direction once, and no clock");
  ok(traps(() => guest.wait([[guest.dir + 7, 1]])), "a handle that is not there");
  guest.setU8(SOURCES, 2);
  ok(traps(() => guest.get(WAIT, SOURCES, 1, 0, 0n)), "a case that is not there");
  ok(traps(() => guest.get(WAIT, SOURCES + 4, 1, 0, 0n)), "a list that is not aligned");
});

test("wsi component: a wait ends at the earliest time, and looks at everything", () => {
  const guest = polling((fd) => (fd === 4 && guest.now > 1000n * MS ? {} : undefined), 50);
  const file = guest.open();
  const start = guest.now;
  deepEqual(guest.wait([[undefined, start + 70n * MS], [file, 1], [undefined, start + 7n * MS + 1n]]), [0, 0, 16]);
  deepEqual(guest.asked, [[[4, 1], "clock"]]);
  equal(guest.now, start + 8n * MS);
  deepEqual(guest.wait([[file, 2]], 0n), [2], "a look");
  deepEqual(guest.wait([[undefined, guest.now + 90n * MS]], guest.now + 3n * MS), [0], "the deadline");
  equal(guest.wait([[file, 0]]), 28, "for ever on nothing");
  equal(guest.wait([]), 28);
});

test("wsi component: more directions than there is room for are asked about in turns", () => {
  for (const room of [1, 2, 3]) {
    const guest = polling((fd, tag) => (fd === 6 && tag === 2 && guest.asked.length > 8 ? {} : undefined), room);
    const sources = [guest.open(), guest.open(), guest.open()].map((handle) => [handle, 3]);
    deepEqual(guest.wait(sources), [0, 0, 2]);
    ok(guest.asked.every((asked) => asked.length <= room + 1));
    deepEqual(new Set(guest.asked.flat().filter((one) => one !== "clock").map(String)).size, 6);
  }
});
