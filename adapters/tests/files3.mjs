// WASI 0.3 on Preview 1: files. What differs from 0.2: layouts, error codes, and streams.

import { deepEqual, equal } from "node:assert/strict";
import { CODE, READ, WRITE, drop, filestat, host, open } from "./disk.mjs";
import { OUT } from "./harness.mjs";
import { test } from "./suite.mjs";

const disk = (options = {}) => host({ library: "p3-on-p1", ...options });
const fs3 = (name) => `wasi:filesystem/types@0.3#[method]descriptor.${name}`;

/** What an end of a stream is at the host. */
const [FILE_READ, FILE_WRITE, APPEND, ENTRIES, FAILED] = [3, 4, 5, 6, 7];
/** Error numbers of Preview 1. */
const [AGAIN, BADF, EXIST, IO, ISDIR, NOENT, PERM, SPIPE, NOTCAPABLE] = [6, 8, 20, 29, 31, 44, 63, 70, 76];
const failure = (errno) => BigInt(-2 - errno);
/** The number of an `error-code`: one less than in 0.2, which has `would-block`. */
const code = (name) => CODE[name] - 1;

const BUFFER = 0x3000;
const read = (guest, kind, object, offset = 0n, count = 16) =>
  guest.exports["io:read"](kind, object, offset, guest.at(BUFFER), count, 0, 0);
const write = (guest, kind, object, text, offset = 0n) => {
  guest.put(BUFFER, Buffer.from(text));
  return guest.exports["io:write"](kind, object, offset, guest.at(BUFFER), text.length);
};

test("0.3: an error is a variant, four bytes in", () => {
  let errno;
  const { guest, base } = disk({ path_unlink_file: () => errno });
  for (const [given, wanted] of [[NOENT, code("no-entry")], [EXIST, code("exist")], [AGAIN, code("io")], [IO, code("io")],
    [2, 0], [PERM, code("not-permitted")]]) {
    errno = given;
    guest.get(fs3("unlink-file-at"), base, "f");
    deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, wanted], `errno ${given}`);
  }
  errno = 0;
  guest.get(fs3("unlink-file-at"), base, "f");
  equal(guest.u8(OUT), 0);
});

test("0.3: the result of a stream of a file has the same layout", () => {
  const { guest } = disk();
  guest.exports["io:result"](FILE_READ, 0, guest.at(OUT));
  equal(guest.u8(OUT), 0);
  guest.exports["io:result"](FILE_WRITE, NOENT, guest.at(OUT));
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4), guest.u8(OUT + 8)], [1, code("no-entry"), 0]);
});

test("0.3: types and flags of descriptors", () => {
  for (const [type, wanted] of [[0, 7], [1, 0], [2, 1], [4, 5], [6, 6]]) {
    const h = disk({ type });
    const file = open(h);
    h.guest.get(fs3("get-type"), file);
    deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [0, wanted], `type ${type}`);
    if (wanted === 7) equal(h.guest.u8(OUT + 8), 0, "other(none)");
    h.guest.get(fs3("get-flags"), file);
    deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [0, READ | WRITE]);
  }
});

test("0.3: stat has its fields where a variant of 16 bytes leaves them", () => {
  let errno = 0;
  const { guest, base } = disk({
    path_filestat_get(fd, follow, path, length, at) {
      filestat(this, at, { type: 4, links: 3n, size: 9n, times: [1_000_000_002n, 3n, 4n] });
      return errno;
    },
  });
  guest.get(fs3("stat-at"), base, 0, "f");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8), guest.u64(OUT + 24), guest.u64(OUT + 32)], [0, 5, 3n, 9n]);
  const times = [40, 64, 88].map((at) => [guest.u8(OUT + at), guest.u64(OUT + at + 8), guest.u32(OUT + at + 16)]);
  deepEqual(times, [[1, 1n, 2], [1, 0n, 3], [1, 0n, 4]]);
  errno = NOENT;
  guest.get(fs3("stat-at"), base, 0, "f");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, code("no-entry")]);
});

test("0.3: a stream of a file keeps it open until the stream is closed", () => {
  const h = disk();
  const file = open(h);
  h.guest.get(fs3("read-via-stream"), file, 5n);
  deepEqual([h.guest.u32(OUT), h.guest.u32(OUT + 4)], [100, 101]);
  equal(h.guest.call(fs3("write-via-stream"), file, 60, 2n), 103);
  equal(h.guest.call(fs3("append-via-stream"), file, 61), 104);
  deepEqual(h.guest.asked, [["host_source", FILE_READ, file, 5n], ["host_future"], ["source_result", 100, 101, FILE_READ],
    ["host_sink", 60, FILE_WRITE, file, 2n], ["host_sink", 61, APPEND, file, 0n]]);
  drop(h.guest, file);
  for (const kind of [FILE_READ, FILE_WRITE]) h.guest.exports["io:close"](kind, file);
  deepEqual(h.closed, []);
  h.guest.exports["io:close"](APPEND, file);
  deepEqual(h.closed, [10]);
});

test("0.3: what may not be read is a stream that ends with its error", () => {
  for (const [flags, type, errno] of [[WRITE, 4, BADF], [READ, 3, ISDIR]]) {
    const h = disk({ type });
    const file = open(h, flags);
    h.guest.get(fs3("read-via-stream"), file, 0n);
    deepEqual(h.guest.asked, [["host_source", FAILED, errno, 0n], ["resolved_future", FILE_READ, errno]]);
    equal(read(h.guest, FAILED, errno), failure(errno));
    drop(h.guest, file);
    deepEqual(h.closed, [10]);
  }
});

test("0.3: what may not be written drops the stream, and its future has the error", () => {
  for (const [flags, type, errno] of [[READ, 4, BADF], [READ, 3, BADF]]) {
    const h = disk({ type });
    const file = open(h, flags);
    equal(h.guest.call(fs3("write-via-stream"), file, 60, 0n), 101);
    equal(h.guest.call(fs3("append-via-stream"), file, 61), 103);
    deepEqual(h.guest.asked, [["host_drop", 60], ["resolved_future", FILE_WRITE, errno],
      ["host_drop", 61], ["resolved_future", APPEND, errno]]);
  }
});

test("0.3: files are read and written where the stream is, and pipes where they are", () => {
  const seen = [];
  let errno = 0;
  const moved = (name) => function (fd, vectors, count, ...rest) {
    const [offset, result] = rest.length === 2 ? rest : [null, rest[0]];
    seen.push([name, fd, offset]);
    this.setU32(result, 3);
    return offset === null ? 0 : errno;
  };
  const h = disk({ fd_pread: moved("pread"), fd_pwrite: moved("pwrite"), fd_read: moved("read"), fd_write: moved("write") });
  const file = open(h);
  equal(read(h.guest, FILE_READ, file, 5n), 3n);
  equal(write(h.guest, FILE_WRITE, file, "abc", 1n << 32n), 3n);
  errno = SPIPE;
  equal(read(h.guest, FILE_READ, file, 5n), 3n);
  equal(write(h.guest, FILE_WRITE, file, "abc", 5n), 3n);
  deepEqual(seen, [["pread", 10, 5n], ["pwrite", 10, 1n << 32n], ["pread", 10, 5n], ["read", 10, null],
    ["pwrite", 10, 5n], ["write", 10, null]]);
  errno = NOTCAPABLE;
  equal(read(h.guest, FILE_READ, file), failure(BADF));
  errno = IO;
  equal(write(h.guest, FILE_WRITE, file, "abc"), failure(IO));
});

test("0.3: appending sets the flag for one write, or writes at the end where a host has no flag", () => {
  const seen = [];
  let flagged = 0;
  const h = disk({
    fd_fdstat_set_flags(fd, flags) { return seen.push(["flags", flags]), flagged; },
    fd_filestat_get(fd, at) { filestat(this, at, { size: 77n }); },
    fd_write(fd, vectors, count, result) { seen.push(["write"]), this.setU32(result, 3); },
    fd_pwrite(fd, vectors, count, offset, result) { seen.push(["pwrite", offset]), this.setU32(result, 3); },
  });
  const file = open(h);
  equal(write(h.guest, APPEND, file, "abc"), 3n);
  deepEqual(seen.splice(0), [["flags", 1], ["write"], ["flags", 0]]);
  flagged = 58;
  equal(write(h.guest, APPEND, file, "abc"), 3n);
  deepEqual(seen, [["flags", 1], ["pwrite", 77n]]);
});

test("0.3: times before 1970 overflow, without asking the host", () => {
  const h = disk();
  const file = open(h);
  const before = h.guest.calls.length;
  h.guest.get(fs3("set-times"), file, 2, -1n, 0, 0, 0n, 0);
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [1, code("overflow")]);
  h.guest.get(fs3("set-times-at"), h.base, 0, "f", 0, 0n, 0, 2, -5n, 0);
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [1, code("overflow")]);
  equal(h.guest.calls.length, before);
});

/** A host whose directory has entries, as pairs of a type and a name; a number is the error of a listing. */
function listed(entries) {
  const h = disk({
    type: 3,
    fd_readdir(fd, at, room, cookie, result) {
      if (typeof entries === "number") return entries;
      let used = 0;
      for (const [i, [type, name]] of entries.entries()) {
        if (BigInt(i) < cookie) continue;
        const bytes = Buffer.alloc(24 + name.length);
        bytes.writeBigUInt64LE(BigInt(i + 1), 0);
        bytes.writeUInt32LE(name.length, 16);
        bytes.writeUInt32LE(type, 20);
        bytes.write(name, 24, "latin1");
        const part = bytes.subarray(0, room - used);
        this.put(at + used, part);
        used += part.length;
        if (used === room) break;
      }
      this.setU32(result, used);
    },
  });
  h.guest.get(fs3("read-directory"), h.base);
  const [, kind, entriesOf] = h.guest.asked[0];
  const next = (count) => h.guest.exports["io:read"](kind, entriesOf, 0n, h.guest.at(BUFFER), count, 0, BUFFER);
  return { ...h, kind, next };
}

/** The elements that were read: type and name. */
const elements = (guest, count) =>
  Array.from({ length: Number(count) }, (_, i) => [guest.u8(BUFFER + i * 24), guest.string(BUFFER + i * 24 + 16)]);

test("0.3: entries of directories are elements, without the dots, with names of their own", () => {
  const { guest, kind, next } = listed([[3, "."], [3, ".."], [4, "a"], [3, "sub"], [7, "link"]]);
  equal(kind, ENTRIES);
  deepEqual(elements(guest, next(2)), [[5, "a"], [2, "sub"]]);
  deepEqual(elements(guest, next(9)), [[4, "link"]]);
  deepEqual([next(9), next(9)], [0n, 0n]);
});

test("0.3: a directory that is longer than a listing is read to its end", () => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}-`.padEnd(40, "x"));
  const { guest, next } = listed(names.map((name) => [4, name]));
  const seen = [];
  for (let count = next(7); count > 0n; count = next(7)) seen.push(...elements(guest, count).map(([, name]) => name));
  deepEqual(seen, names);
});

test("0.3: a directory that cannot be listed ends with its error, a bad name after those before it", () => {
  // The error of a listing is an error-code of 0.2, marked.
  equal(listed(IO).next(1), failure(0x100 + CODE.io));
  const { guest, next } = listed([[4, "a"], [4, "\xff"]]);
  deepEqual(elements(guest, next(5)), [[5, "a"]]);
  equal(next(5), failure(25));
});
