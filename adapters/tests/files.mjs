import { deepEqual, equal, ok } from "node:assert/strict";
import { ALL_RIGHTS, CODE, MUTATE, READ, WRITE, directories, drop, failed, filestat, handle, host, open } from "./disk.mjs";
import { OUT, fs, input, io, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

test("preopens: handles of their own, names as they are, nothing closed", () => {
  const h = host({ names: ["/a", ".\0", "b\xff"] });
  deepEqual([0, 1, 2].map((i) => h.guest.string(h.list + i * 12 + 4)), ["/a", ".", "b\ufffd"]);
  h.guest.get(directories);
  ok(h.guest.u32(h.guest.u32(OUT)) !== h.base);
  for (const base of h.bases) drop(h.guest, base);
  deepEqual(h.closed, []);
  ok(traps(() => h.guest.get(fs("get-type"), h.base)));
});

test("no preopen is an empty list", () => {
  const { guest } = host({ names: [] });
  equal(guest.u32(OUT + 4), 0);
});

test("the flags of a preopen follow its rights", () => {
  for (const [rights, flags] of [[ALL_RIGHTS, READ | MUTATE], [1n << 14n, READ]]) {
    const { guest, base } = host({ rights });
    guest.get(fs("get-flags"), base);
    deepEqual([guest.u8(OUT), guest.u8(OUT + 1)], [0, flags]);
  }
});

test("open asks for the rights that are wanted and that the parent passes on", () => {
  const inheriting = 0xfffffffn;
  const h = host({ inheriting });
  const cases = [
    [READ, 0, inheriting & ~0x400141n, READ],
    [WRITE, 0, inheriting & ~0x4002n, WRITE],
    [READ | WRITE, 0, inheriting, READ | WRITE],
    [0, 0, inheriting & ~0x400141n, READ],
    [READ, 1, inheriting, READ | WRITE],
    [0, 8, inheriting, READ | WRITE],
    [READ | MUTATE, 0, inheriting & ~0x400141n, READ],
  ];
  for (const [flags, how, base, seen] of cases) {
    const file = open(h, flags, how);
    const last = h.opened.at(-1);
    deepEqual([last.base, last.inherited, last.how], [base, inheriting, how]);
    h.guest.get(fs("get-flags"), file);
    equal(h.guest.u8(OUT + 1), seen);
  }
});

test("open passes flags and path on, and ignores what is no flag", () => {
  const h = host();
  h.guest.get(fs("open-at"), h.base, 0xffffffff, "a/b", 0xfffffff5, 0xffffff1f);
  deepEqual(h.opened.map(({ fd, follow, path, how, flags }) => [fd, follow, path, how, flags]),
    [[3, 1, "a/b", 5, 16 | 2 | 8]]);
});

test("open: what is refused without asking the host", () => {
  const h = host({ rights: 0n });
  const writable = host();
  const file = open(writable);
  const refused = (h, base, path, how, flags, name) => {
    h.guest.get(fs("open-at"), base, 0, path, how, flags);
    failed(h.guest, name);
  };
  refused(h, h.base, "f", 1, READ, "read-only");
  refused(h, h.base, "f", 8, READ, "read-only");
  refused(h, h.base, "f", 0, WRITE, "read-only");
  refused(h, h.base, "f", 0, READ | MUTATE, "read-only");
  refused(writable, writable.base, "/etc/passwd", 0, READ, "not-permitted");
  refused(writable, writable.base, "f", 3, READ, "invalid");
  refused(writable, file, "f", 0, READ, "not-directory");
  refused(writable, writable.base, "", 0, READ, "no-entry");
  deepEqual([h.opened.length, writable.opened.length], [0, 1]);
});

test("open: errors of the host, by name; what has no counterpart is io", () => {
  const cases = { 44: "no-entry", 20: "exist", 31: "is-directory", 52: "unsupported", 76: "not-permitted",
    63: "not-permitted", 28: "invalid", 41: "io", 1: "io", 51: "insufficient-space" };
  for (const [errno, name] of Object.entries(cases)) {
    const h = host({ path_open: () => Number(errno) });
    h.guest.get(fs("open-at"), h.base, 0, "f", 0, READ);
    failed(h.guest, name);
  }
});

test("a full table is insufficient-memory, and leaves no descriptor open", () => {
  const h = host({ maxHandles: 2 });
  const file = open(h);
  for (const call of [() => h.guest.get(fs("open-at"), h.base, 0, "g", 0, READ),
    () => h.guest.get(fs("read-via-stream"), file, 0n),
    () => h.guest.get(fs("append-via-stream"), file),
    () => h.guest.get(fs("read-directory"), h.base)]) {
    call();
    failed(h.guest, "insufficient-memory");
  }
  equal(h.opened.length, 1);
});

test("a table that grows while a file is opened has the file, its streams and their error", () => {
  const h = host();
  const file = open(h);
  h.guest.get(fs("read-via-stream"), file, 0n);
  h.guest.get(fs("append-via-stream"), file);
  const second = open(h);
  equal(h.opened.length, 2);
  h.guest.call("wasi:filesystem/types@0.2#[resource-drop]descriptor", second);
  equal(open(h), second);
});

test("a path that is not UTF-8 or outside the memory traps", () => {
  const { guest, base } = host();
  guest.put(0x300, [0xff]);
  ok(traps(() => guest.get(fs("create-directory-at"), base, 0x300, 1)));
  ok(traps(() => guest.get(fs("stat-at"), base, 0, 0xfffffff0, 0x20)));
});

test("every byte of a path counts, wherever it is, and none behind it", () => {
  const seen = [];
  const { guest, base } = host({ path_filestat_get(fd, follow, at, length, to) {
    seen.push(this.text(at, length));
    filestat(this, to);
  } });
  const stat = (path) => {
    guest.put(0x800, Buffer.alloc(64, 0xff));
    guest.put(0x810, path);
    return traps(() => guest.get(fs("stat-at"), base, 0, 0x810, path.length)) ? "trap" : guest.u8(OUT) && guest.u8(OUT + 8);
  };
  const good = [];
  for (let length = 1; length <= 26; length += 1) {
    for (let i = 0; i < length; i += 1) {
      const path = Buffer.alloc(length, "p");
      path[i] = 0;
      equal(stat(path), CODE.invalid, `NUL as byte ${i} of ${length}`);
      path[i] = 0x80;
      equal(stat(path), "trap", `0x80 as byte ${i} of ${length}`);
      for (const byte of [1, 0x2e, 0x2f, 0x30, 0x7f]) {
        path[i] = byte;
        if (i === 0 && byte === 0x2f) {
          equal(stat(path), CODE["not-permitted"]);
          continue;
        }
        equal(stat(path), 0, `${byte} as byte ${i} of ${length}`);
        good.push(path.toString("latin1"));
      }
      if (i + 1 < length) {
        path.write("\u00e9", i);
        equal(stat(path), 0, `two bytes as byte ${i} of ${length}`);
        good.push(path.toString("latin1"));
      }
    }
  }
  equal(stat(Buffer.alloc(0)), CODE["no-entry"]);
  deepEqual(seen, good);
});

test("what is opened to be read asks for the same as what is opened in any other way, but for writing", () => {
  const h = host({ inheriting: 0xffffffffffffffffn });
  for (const flags of [0, READ, READ | MUTATE]) open(h, flags);
  const writing = 1n << 0n | 1n << 6n | 1n << 8n | 1n << 22n;
  const call = { fd: 3, follow: 0, path: "f", how: 0, base: 0x3fffffffn & ~writing, inherited: 0x3fffffffn, flags: 0 };
  deepEqual(h.opened, [call, call, call]);
});

test("a stream outlives its descriptor, which is closed once, by the last of them", () => {
  const h = host({ fd_pread(fd, v, n, offset, result) { this.setU32(result, 1); } });
  const file = open(h);
  h.guest.get(fs("read-via-stream"), file, 0n);
  const one = handle(h.guest);
  h.guest.get(fs("write-via-stream"), file, 0n);
  const two = handle(h.guest);
  drop(h.guest, file);
  ok(traps(() => h.guest.get(fs("stat"), file)));
  equal(h.guest.u8(h.guest.get(input("read"), one, 1n)), 0);
  h.guest.call(io("[resource-drop]input-stream"), one);
  deepEqual(h.closed, []);
  h.guest.call(io("[resource-drop]output-stream"), two);
  deepEqual(h.closed, [10]);
  deepEqual([open(h), open(h)], [file, two], "their slots are free");
});

test("two streams of one file have offsets of their own", () => {
  const seen = [];
  const h = host({
    fd_pread(fd, v, n, offset, result) { seen.push(["r", offset]); this.setU32(result, this.vectors(v, n)[0][1]); },
    fd_pwrite(fd, v, n, offset, result) { seen.push(["w", offset]); this.setU32(result, this.vectors(v, n)[0][1]); },
  });
  const file = open(h);
  const [one, two] = [5n, 100n].map((offset) => (h.guest.get(fs("read-via-stream"), file, offset), handle(h.guest)));
  h.guest.get(fs("write-via-stream"), file, 7n);
  const three = handle(h.guest);
  for (const stream of [one, two, one]) h.guest.get(input("blocking-read"), stream, 10n);
  for (const text of ["abc", "d"]) h.guest.get(output("write"), three, text);
  deepEqual(seen, [["r", 5n], ["r", 100n], ["r", 15n], ["w", 7n], ["w", 10n]]);
});

test("a read near the end of a file does not lose memory at the end", () => {
  const sizes = [100, 30, 0];
  const h = host({ fd_pread(fd, v, n, offset, result) { this.setU32(result, sizes.shift()); } });
  const file = open(h);
  h.guest.get(fs("read-via-stream"), file, 0n);
  const stream = handle(h.guest);
  const before = h.guest.live.size;
  for (let i = 0; i < 2; i += 1) h.guest.get(input("blocking-read"), stream, 100n);
  equal(h.guest.u32(OUT + 8), 30);
  h.guest.get(input("blocking-read"), stream, 100n);
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [1, 1]);
  equal(h.guest.live.size, before + 2, "only what the guest was given");
});

test("what cannot seek is read and written in sequence, and asked for its offset once", () => {
  const h = host({
    fd_pread: () => 70, fd_pwrite: () => 70,
    fd_read(fd, v, n, result) { this.setU32(result, 1); },
    fd_write(fd, v, n, result) { this.setU32(result, 1); },
  });
  const file = open(h);
  h.guest.get(fs("read-via-stream"), file, 0n);
  const source = handle(h.guest);
  h.guest.get(fs("write-via-stream"), file, 0n);
  const sink = handle(h.guest);
  h.guest.calls = [];
  for (let i = 0; i < 2; i += 1) {
    equal(h.guest.u8(h.guest.get(input("blocking-read"), source, 1n)), 0);
    equal(h.guest.u8(h.guest.get(output("write"), sink, "x")), 0);
  }
  deepEqual(h.guest.calls, ["fd_pread", "fd_read", "fd_pwrite", "fd_write", "fd_read", "fd_write"]);
});

test("an append stream sets the flag around its own writes", () => {
  let append = false;
  const h = host({
    fd_fdstat_set_flags(fd, flags) { append = flags === 1; },
    fd_write(fd, v, n, result) { ok(append); this.setU32(result, this.vectors(v, n)[0][1]); },
    fd_pwrite(fd, v, n, offset, result) { ok(!append); this.setU32(result, this.vectors(v, n)[0][1]); },
  });
  const file = open(h);
  h.guest.get(fs("append-via-stream"), file);
  const stream = handle(h.guest);
  h.guest.get(output("write"), stream, "end");
  h.guest.get(fs("write"), file, "start", 0n);
  deepEqual([h.guest.u8(OUT), h.guest.u64(OUT + 8), append], [0, 5n, false]);
});

test("a host without the flag appends at the size of the file", () => {
  const offsets = [];
  const h = host({
    fd_fdstat_set_flags: () => 58,
    fd_filestat_get(fd, at) { this.setU64(at + 32, 77n + BigInt(offsets.length)); },
    fd_pwrite(fd, v, n, offset, result) { offsets.push(offset); this.setU32(result, this.vectors(v, n)[0][1]); },
  });
  h.guest.get(fs("append-via-stream"), open(h));
  const stream = handle(h.guest);
  for (let i = 0; i < 2; i += 1) equal(h.guest.u8(h.guest.get(output("write"), stream, "x")), 0);
  deepEqual(offsets, [77n, 78n]);
});

test("a full disk is last-operation-failed with insufficient-space, then closed", () => {
  const h = host({ fd_pwrite: () => 51 });
  h.guest.get(fs("write-via-stream"), open(h), 0n);
  const stream = handle(h.guest);
  h.guest.get(output("blocking-write-and-flush"), stream, "x");
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [1, 0]);
  h.guest.get("wasi:filesystem/types@0.2#filesystem-error-code", h.guest.u32(OUT + 8));
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 1)], [1, CODE["insufficient-space"]]);
  h.guest.get(output("check-write"), stream);
  deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 8)], [1, 1]);
});

test("a stream of what is not open for reading is bad-descriptor, whatever the host calls it", () => {
  for (const errno of [2, 8, 76]) {
    const h = host({ fd_pread: () => errno });
    h.guest.get(fs("read-via-stream"), open(h, WRITE), 0n);
    h.guest.get(input("blocking-read"), handle(h.guest), 1n);
    deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 4)], [1, 0]);
    h.guest.get("wasi:filesystem/types@0.2#filesystem-error-code", h.guest.u32(OUT + 8));
    deepEqual([h.guest.u8(OUT), h.guest.u8(OUT + 1)], [1, CODE["bad-descriptor"]]);
  }
});

test("streams of what is not a file, or not open for writing", () => {
  const h = host();
  const file = open(h, READ);
  for (const [name, of, args, code] of [
    ["read-via-stream", h.base, [0n], "is-directory"], ["write-via-stream", h.base, [0n], "bad-descriptor"],
    ["append-via-stream", h.base, [], "bad-descriptor"], ["write-via-stream", file, [0n], "not-permitted"],
    ["append-via-stream", file, [], "not-permitted"]]) {
    h.guest.get(fs(name), of, ...args);
    failed(h.guest, code);
  }
});

test("a regular file is always ready; a pipe is asked for, and stays open for its pollable", () => {
  for (const [type, kept] of [[4, 0], [0, 1]]) {
    const polled = [];
    const h = host({ type, poll_oneoff(s, e, n, result) { polled.push(this.u32(s + 16)); this.setU64(e, this.u64(s)); this.setU32(result, 1); } });
    const file = open(h);
    h.guest.get(fs("read-via-stream"), file, 0n);
    const stream = handle(h.guest);
    const pollable = h.guest.call(input("subscribe"), stream);
    h.guest.call(io("[resource-drop]input-stream"), stream);
    drop(h.guest, file);
    equal(h.closed.length, 1 - kept);
    equal(h.guest.call("wasi:io/poll@0.2#[method]pollable.ready", pollable), 1);
    deepEqual(polled, kept ? [10] : []);
    h.guest.call("wasi:io/poll@0.2#[resource-drop]pollable", pollable);
    equal(h.closed.length, 1);
  }
});

test("read: the bytes and whether the end was met; no bytes, no call", () => {
  const answers = ["abc", ""];
  const h = host({ fd_pread(fd, v, n, offset, result) {
    const text = answers.shift();
    this.put(this.vectors(v, n)[0][0], Buffer.from(text));
    this.setU32(result, text.length);
  } });
  const file = open(h);
  h.guest.get(fs("read"), file, 10n, 0n);
  deepEqual([h.guest.u8(OUT), h.guest.string(OUT + 4), h.guest.u8(OUT + 12)], [0, "abc", 0]);
  h.guest.get(fs("read"), file, 10n, 3n);
  deepEqual([h.guest.u8(OUT), h.guest.u32(OUT + 8), h.guest.u8(OUT + 12)], [0, 0, 1]);
  h.guest.get(fs("read"), file, 0n, 0n);
  deepEqual([h.guest.u8(OUT), h.guest.u32(OUT + 8), h.guest.u8(OUT + 12)], [0, 0, 0]);
  h.guest.get(fs("read"), h.base, 10n, 0n);
  failed(h.guest, "bad-descriptor");
  h.guest.get(fs("read"), open(h, WRITE), 10n, 0n);
  failed(h.guest, "bad-descriptor");
});

test("write: a short one is returned as it is", () => {
  const h = host({ fd_pwrite(fd, v, n, offset, result) { this.setU32(result, 2); } });
  h.guest.get(fs("write"), open(h), "abc", 9n);
  deepEqual([h.guest.u8(OUT), h.guest.u64(OUT + 8)], [0, 2n]);
  h.guest.get(fs("write"), open(h, READ), "abc", 9n);
  failed(h.guest, "bad-descriptor", 8);
});

test("stat: every field in its place", () => {
  const h = host({ fd_filestat_get(fd, at) {
    filestat(this, at, { type: 7, links: 3n, size: 1n << 40n, times: [1_000_000_001n, 2_500_000_000n, 999_999_999n] });
  } });
  h.guest.get(fs("stat"), h.base);
  equal(h.guest.u8(OUT), 0);
  deepEqual([h.guest.u8(OUT + 8), h.guest.u64(OUT + 16), h.guest.u64(OUT + 24)], [5, 3n, 1n << 40n]);
  const times = [32, 56, 80].map((o) => [h.guest.u8(OUT + o), h.guest.u64(OUT + o + 8), h.guest.u32(OUT + o + 16)]);
  deepEqual(times, [[1, 1n, 1], [1, 2n, 500_000_000], [1, 0n, 999_999_999]]);
});

test("the eight types of P1 and theirs here", () => {
  [0, 1, 2, 3, 6, 7, 7, 5].forEach((wanted, type) => {
    const h = host({ path_filestat_get(fd, follow, path, length, at) { filestat(this, at, { type }); } });
    h.guest.get(fs("stat-at"), h.base, 1, "f");
    equal(h.guest.u8(OUT + 8), wanted);
  });
});

test("is-same-object compares device and inode", () => {
  const objects = { 10: { inode: 5n }, 11: { inode: 5n }, 12: { inode: 5n, device: 2n }, 13: { inode: 6n } };
  const h = host({ fd_filestat_get(fd, at) { filestat(this, at, objects[fd]); } });
  const files = [1, 2, 3, 4].map(() => open(h));
  deepEqual(files.map((other) => h.guest.call(fs("is-same-object"), files[0], other)), [1, 1, 0, 0]);
});

test("metadata-hash changes with each of inode, device, size and time", () => {
  let stat = {};
  const h = host({ fd_filestat_get(fd, at) { filestat(this, at, stat); } });
  const seen = new Set();
  for (stat of [{}, {}, { inode: 3n }, { device: 3n }, { size: 1n }, { times: [0n, 1n, 0n] }, { times: [1n, 0n, 1n] }]) {
    h.guest.get(fs("metadata-hash"), h.base);
    equal(h.guest.u8(OUT), 0);
    seen.add(`${h.guest.u64(OUT + 8)} ${h.guest.u64(OUT + 16)}`);
  }
  equal(seen.size, 5);
});

test("set-times: nothing, now, a time, a time too late", () => {
  const seen = [];
  const h = host({
    fd_filestat_set_times: (fd, access, modification, flags) => void seen.push([access, modification, flags]),
    path_filestat_set_times: (fd, follow, path, length, access, modification, flags) => void seen.push([access, modification, flags]),
  });
  const file = open(h);
  h.guest.get(fs("set-times"), file, 1, 0n, 0, 2, 3n, 5);
  h.guest.get(fs("set-times-at"), h.base, 0, "f", 2, 18_446_744_073n, 709_551_615, 0, 0n, 0);
  deepEqual(seen.map(([, , flags]) => flags), [0b0110, 0b0001]);
  deepEqual([seen[0][1], seen[1][0]], [3_000_000_005n, -1n]);
  for (const [seconds, nanos] of [[18_446_744_073n, 709_551_616], [18_446_744_074n, 0]]) {
    h.guest.get(fs("set-times"), file, 0, 0n, 0, 2, seconds, nanos);
    failed(h.guest, "overflow", 1);
  }
  ok(traps(() => h.guest.get(fs("set-times"), file, 3, 0n, 0, 0, 0n, 0)));
});

test("set-times of a directory goes by its path where the host wants that", () => {
  let path;
  const h = host({
    fd_filestat_set_times: () => 8,
    path_filestat_set_times(fd, follow, at, length) { path = this.text(at, length); },
  });
  h.guest.get(fs("set-times"), h.base, 1, 0n, 0, 1, 0n, 0);
  deepEqual([h.guest.u8(OUT), path], [0, "."]);
});

test("sync of what is not open for writing succeeds", () => {
  for (const errno of [2, 8, 76]) {
    const h = host({ fd_sync: () => errno, fd_datasync: () => errno });
    const [reading, writing] = [open(h, READ), open(h, WRITE)];
    for (const name of ["sync", "sync-data"]) {
      equal(h.guest.u8(h.guest.get(fs(name), reading)), 0);
      equal(h.guest.u8(h.guest.get(fs(name), writing)), 1);
    }
  }
});

test("advise, set-size: files only; an unknown advice traps", () => {
  const h = host({ fd_advise: () => 0, fd_filestat_set_size: () => 0 });
  const file = open(h);
  equal(h.guest.u8(h.guest.get(fs("advise"), file, 0n, 0n, 5)), 0);
  equal(h.guest.u8(h.guest.get(fs("set-size"), file, 9n)), 0);
  ok(traps(() => h.guest.get(fs("advise"), file, 0n, 0n, 6)));
  h.guest.get(fs("advise"), h.base, 0n, 0n, 0);
  failed(h.guest, "bad-descriptor", 1);
  h.guest.get(fs("set-size"), h.base, 0n);
  failed(h.guest, "bad-descriptor", 1);
  h.guest.get(fs("set-size"), open(h, READ), 0n);
  failed(h.guest, "invalid", 1);
});
