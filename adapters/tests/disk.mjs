// A host with files that is played by JavaScript, for the tests of wasi:filesystem.

import { deepEqual, equal } from "node:assert/strict";
import { Guest, OUT, fs } from "./harness.mjs";

/** The function that lists the preopens. */
export const directories = "wasi:filesystem/preopens@0.2#get-directories";
/** Drops a descriptor. */
export const drop = (guest, handle) => guest.call("wasi:filesystem/types@0.2#[resource-drop]descriptor", handle);

/** Bits of `descriptor-flags`. */
export const [READ, WRITE, MUTATE] = [1, 2, 32];
/** Numbers of `error-code`. */
export const CODE = {
  "bad-descriptor": 3, exist: 7, "illegal-byte-sequence": 9, invalid: 12, io: 13, "is-directory": 14,
  "name-too-long": 18, "no-entry": 20, "insufficient-memory": 22, "insufficient-space": 23, "not-directory": 24,
  unsupported: 27, overflow: 30, "not-permitted": 31, "read-only": 33,
};
export const ALL_RIGHTS = 0x1fffffffn;

/** A host with the preopens `names` from fd 3 on, whose path_open gives fds from 10 on. */
export function host({ names = ["."], rights = ALL_RIGHTS, inheriting = ALL_RIGHTS, type = 4, library, ...more } = {}) {
  const closed = [];
  const opened = [];
  let next = 10;
  const functions = {
    fd_prestat_get(fd, at) {
      if (!names[fd - 3]) return 8;
      this.setU64(at, BigInt(names[fd - 3].length) << 32n);
    },
    fd_prestat_dir_name(fd, at, length) { this.put(at, Buffer.from(names[fd - 3], "latin1").subarray(0, length)); },
    fd_fdstat_get(fd, at) {
      this.setU64(at, BigInt(fd < 10 ? 3 : type));
      this.setU64(at + 8, rights);
      this.setU64(at + 16, inheriting);
    },
    fd_close(fd) { closed.push(fd); },
    path_open(fd, follow, path, length, how, base, inherited, flags, at) {
      opened.push({ fd, follow, path: this.text(path, length), how, base, inherited, flags });
      this.setU32(at, next++);
    },
    ...more,
  };
  const guest = new Guest(functions, { maxHandles: more.maxHandles ?? 32, library });
  guest.get(directories);
  const list = guest.u32(OUT);
  const bases = Array.from({ length: guest.u32(OUT + 4) }, (_, i) => guest.u32(list + i * 12));
  return { guest, base: bases[0], bases, list, closed, opened };
}

/** Opens "f", and gives the handle. */
export function open({ guest, base }, flags = READ | WRITE, how = 0) {
  guest.get(fs("open-at"), base, 0, "f", how, flags);
  equal(guest.u8(OUT), 0, `error ${guest.u8(OUT + 4)}`);
  return guest.u32(OUT + 4);
}

/** Whether the last result was this error, whose payload is at `at`. */
export function failed(guest, name, at = 4) {
  deepEqual([guest.u8(OUT), guest.u8(OUT + at)], [1, CODE[name]], name);
}

/** The handle of the last result. */
export function handle(guest) {
  equal(guest.u8(OUT), 0, `error ${guest.u8(OUT + 4)}`);
  return guest.u32(OUT + 4);
}

/** Writes a filestat of 64 bytes. */
export function filestat(guest, at, { type = 4, links = 1n, size = 0n, times = [0n, 0n, 0n], device = 1n, inode = 2n } = {}) {
  [device, inode, BigInt(type), links, size, ...times].forEach((value, i) => guest.setU64(at + i * 8, value));
}
