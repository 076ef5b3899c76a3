import { deepEqual, equal, ok } from "node:assert/strict";
import { CODE, drop, failed, filestat, handle, host, open } from "./disk.mjs";
import { OUT, fs, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

test("a descriptor without mutate-directory changes nothing", () => {
  const h = host({ rights: 0n });
  for (const [name, args] of [["create-directory-at", ["d"]], ["remove-directory-at", ["d"]],
    ["unlink-file-at", ["f"]], ["symlink-at", ["a", "b"]], ["rename-at", ["a", h.base, "b"]],
    ["link-at", [0, "a", h.base, "b"]], ["set-times-at", [0, "f", 1, 0n, 0, 1, 0n, 0]]]) {
    h.guest.get(fs(name), h.base, ...args);
    failed(h.guest, "read-only", 1);
  }
});

test("links: an absolute target and a followed source are refused before the host is asked", () => {
  const h = host();
  h.guest.get(fs("symlink-at"), h.base, "/etc", "x");
  failed(h.guest, "not-permitted", 1);
  h.guest.get(fs("link-at"), h.base, 1, "a", h.base, "b");
  failed(h.guest, "invalid", 1);
});

test("both paths reach the host", () => {
  const seen = [];
  const h = host({
    names: [".", "b"],
    path_rename(...a) { seen.push(["rename", a[0], this.text(a[1], a[2]), a[3], this.text(a[4], a[5])]); },
    path_link(...a) { seen.push(["link", a[0], a[1], this.text(a[2], a[3]), a[4], this.text(a[5], a[6])]); },
    path_symlink(...a) { seen.push(["symlink", this.text(a[0], a[1]), a[2], this.text(a[3], a[4])]); },
  });
  const [one, two] = h.bases;
  h.guest.get(fs("rename-at"), one, "a", two, "bc");
  h.guest.get(fs("link-at"), one, 0, "d", two, "ef");
  h.guest.get(fs("symlink-at"), two, "../g", "hi");
  deepEqual(seen, [["rename", 3, "a", 4, "bc"], ["link", 3, 0, "d", 4, "ef"], ["symlink", "../g", 4, "hi"]]);
});

const nextEntry = "wasi:filesystem/types@0.2#[method]directory-entry-stream.read-directory-entry";

/** A host whose links have this target, cut without a word or refused when the buffer is small. */
const link = (target, errno) => host({
  path_readlink(fd, path, length, at, size, result) {
    const bytes = Buffer.from(target, "latin1");
    if (errno && bytes.length > size) return errno;
    this.put(at, bytes.subarray(0, size));
    this.setU32(result, Math.min(bytes.length, size));
  },
});

test("readlink gives the whole target, however long", () => {
  for (const length of [1, 4095, 4096, 4097, 8192, 20000]) {
    for (const errno of [0, 68, 42]) {
      const { guest, base } = link("x".repeat(length), errno);
      guest.get(fs("readlink-at"), base, "l");
      equal(guest.u8(OUT), 0);
      equal(guest.string(OUT + 4).length, length);
      equal(guest.live.size, 3, "the list of preopens, a name and the target");
    }
  }
});

test("readlink: absolute, not UTF-8, empty, endless", () => {
  for (const [target, code] of [["/etc", "not-permitted"], ["a\xff", "illegal-byte-sequence"],
    [`/${"x".repeat(5000)}`, "not-permitted"], [`\xff${"x".repeat(5000)}`, "illegal-byte-sequence"]]) {
    const { guest, base } = link(target);
    guest.get(fs("readlink-at"), base, "l");
    failed(guest, code);
  }
  const { guest, base } = link("");
  guest.get(fs("readlink-at"), base, "l");
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8)], [0, 0]);
});

/** A host that lists `names`, cutting the last entry off at the end of the buffer. */
function listing(names, types = {}) {
  return host({
    fd_readdir(fd, at, size, cookie, result) {
      this.listings = (this.listings ?? 0) + 1;
      let used = 0;
      for (let i = Number(cookie); i < names.length && used < size; i += 1) {
        const name = Buffer.from(names[i], "latin1");
        const entry = Buffer.alloc(24 + name.length, 0);
        entry.writeBigUInt64LE(BigInt(i + 1), 0);
        entry.writeUInt32LE(name.length, 16);
        entry[20] = types[names[i]] ?? 4;
        name.copy(entry, 24);
        this.put(at + used, entry.subarray(0, size - used));
        used = Math.min(size, used + entry.length);
      }
      this.setU32(result, used);
    },
    path_filestat_get(fd, follow, path, length, at) { filestat(this, at, { type: 7 }); },
    fd_write(fd, v, n, result) { this.setU32(result, this.vectors(v, n)[0][1]); },
  });
}

/** All entries of a stream, as [type, name]; `between` runs after each. */
function entries(guest, stream, between = () => {}) {
  const found = [];
  for (;;) {
    guest.get(nextEntry, stream);
    equal(guest.u8(OUT), 0, `error ${guest.u8(OUT + 4)}`);
    if (guest.u8(OUT + 4) === 0) return found;
    found.push([guest.u8(OUT + 8), guest.string(OUT + 12)]);
    between();
  }
}

test("300 names of 255 bytes are listed once each, in few calls, without the dots", () => {
  const names = [".", "..", ...Array.from({ length: 300 }, (_, i) => `${i}`.padStart(255, "n"))];
  const { guest, base } = listing(names);
  guest.get(fs("read-directory"), base);
  const found = entries(guest, handle(guest));
  deepEqual(found.map(([, name]) => name), names.slice(2));
  ok(guest.listings < 30, `${guest.listings} calls`);
});

test("two listings at once, and a use of the scratch between, do not disturb each other", () => {
  const names = Array.from({ length: 50 }, (_, i) => `name-${i}-${"x".repeat(100)}`);
  const { guest, base } = listing(names);
  const streams = [0, 1].map(() => (guest.get(fs("read-directory"), base), handle(guest)));
  const seen = streams.map(() => []);
  const stderr = guest.call("wasi:cli/stderr@0.2#get-stderr");
  for (let i = 0; i < 50; i += 1) {
    streams.forEach((stream, s) => {
      guest.get(nextEntry, stream);
      seen[s].push(guest.string(OUT + 12));
    });
    guest.get(output("write-zeroes"), stderr, 1n);
  }
  deepEqual(seen, [names, names]);
});

test("dot files are not dots, and an unknown type is looked up", () => {
  const { guest, base } = listing([".a", "...", "..b", ".", ".."], { ".a": 3, "...": 0, "..b": 7 });
  guest.get(fs("read-directory"), base);
  deepEqual(entries(guest, handle(guest)), [[3, ".a"], [5, "..."], [5, "..b"]]);
});

test("names of all lengths come as they are, and a byte that is not UTF-8 is found wherever it is", () => {
  const [names, wanted] = [[], []];
  for (let length = 1; length <= 26; length += 1) {
    const name = "abcdefghijklmnopqrstuvwxyz".slice(0, length);
    names.push(name);
    wanted.push(name);
    for (let i = 0; i < length; i += 1) {
      names.push(`${name.slice(0, i)}\xff${name.slice(i + 1)}`);
      wanted.push(CODE["illegal-byte-sequence"]);
      if (i + 1 < length) {
        names.push(`${name.slice(0, i)}\xc3\xa9${name.slice(i + 2)}`);
        wanted.push(`${name.slice(0, i)}\u00e9${name.slice(i + 2)}`);
      }
    }
  }
  const { guest, base } = listing(names);
  guest.get(fs("read-directory"), base);
  const stream = handle(guest);
  const seen = names.map(() => guest.get(nextEntry, stream) && (guest.u8(OUT) ? guest.u8(OUT + 4) : guest.string(OUT + 12)));
  deepEqual(seen, wanted);
});

test("entries are those of a stream that is alive, and of no other handle", () => {
  const { guest, base } = listing(["a", "b", "c"]);
  const all = [0, base, 7, 0xffffffff];
  const trap = (handle) => ok(traps(() => guest.get(nextEntry, handle)), `handle ${handle}`);
  all.forEach(trap);
  guest.get(fs("read-directory"), base);
  const stream = handle(guest);
  guest.get(nextEntry, stream);
  equal(guest.string(OUT + 12), "a");
  all.forEach(trap);
  guest.call("wasi:filesystem/types@0.2#[resource-drop]directory-entry-stream", stream);
  [...all, stream].forEach(trap);
  equal(guest.call("wasi:cli/stdin@0.2#get-stdin"), stream);
  trap(stream);
});

test("a name that is not UTF-8 is an error of its own, and the rest follows", () => {
  const { guest, base } = listing(["a", "b\xff", "c"]);
  guest.get(fs("read-directory"), base);
  const stream = handle(guest);
  const seen = [];
  for (let i = 0; i < 4; i += 1) {
    guest.get(nextEntry, stream);
    seen.push(guest.u8(OUT) ? guest.u8(OUT + 4) : guest.u8(OUT + 4) ? guest.string(OUT + 12) : "end");
  }
  deepEqual(seen, ["a", CODE["illegal-byte-sequence"], "c", "end"]);
});

test("an entry that never fits ends with an error and not in a loop", () => {
  const { guest, base } = listing(["x".repeat(5000)]);
  guest.get(fs("read-directory"), base);
  guest.get(nextEntry, handle(guest));
  failed(guest, "name-too-long");
});

test("a listing of a file is refused; one of a dropped directory goes on", () => {
  const h = listing(["a", "b"]);
  h.guest.get(fs("read-directory"), open(h));
  failed(h.guest, "not-directory");
  h.guest.get(fs("read-directory"), h.base);
  const stream = handle(h.guest);
  drop(h.guest, h.base);
  equal(entries(h.guest, stream).length, 2);
  h.guest.call("wasi:filesystem/types@0.2#[resource-drop]directory-entry-stream", stream);
});
