// The same library on a real host, the WASI of node: what it does to real files.

import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { Guest, OUT, fs, input, output } from "./harness.mjs";
import { test } from "./suite.mjs";

/** Runs `body` with a guest whose only preopen is an empty directory of the machine. */
function on(body) {
  const directory = mkdtempSync(join(tmpdir(), "p1bridge-"));
  try {
    const wasi = new WASI({ version: "preview1", args: ["a"], preopens: { ".": directory } });
    const guest = new Guest(wasi.wasiImport);
    wasi.initialize({ exports: { memory: guest.memory } });
    guest.get("wasi:filesystem/preopens@0.2#get-directories");
    body(guest, guest.u32(guest.u32(OUT)), directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const READ_WRITE = 3;
const CREATE = 1;

/** The payload of the last result; its error code otherwise. */
function handle(guest) {
  equal(guest.u8(OUT), 0, `error ${guest.u8(OUT + 4)}`);
  return guest.u32(OUT + 4);
}

/** The error code of the last result, whose payload is at `at`. */
function code(guest, at = 4) {
  equal(guest.u8(OUT), 1);
  return guest.u8(OUT + at);
}

const open = (guest, base, path, how = 0, flags = 1) => (guest.get(fs("open-at"), base, 0, path, how, flags), handle(guest));

test("node: a file is written, appended to, read and looked at", () => on((guest, base, directory) => {
  const file = open(guest, base, "f", CREATE, READ_WRITE);
  guest.get(fs("write-via-stream"), file, 0n);
  guest.get(output("write"), handle(guest), "hello ");
  guest.get(fs("append-via-stream"), file);
  guest.get(output("blocking-write-and-flush"), handle(guest), "world");
  equal(guest.u8(OUT), 0);
  guest.get(fs("write"), file, "J", 0n);
  equal(readFileSync(join(directory, "f"), "utf8"), "Jello world");
  guest.get(fs("read-via-stream"), file, 6n);
  const stream = handle(guest);
  guest.get(input("blocking-read"), stream, 100n);
  equal(guest.string(OUT + 4), "world");
  guest.get(input("blocking-read"), stream, 100n);
  equal(code(guest), 1, "closed");
  guest.get(fs("set-size"), file, 3n);
  guest.get(fs("set-times"), file, 2, 5n, 6, 2, 7n, 0);
  equal(guest.u8(OUT), 0);
  guest.get(fs("stat"), file);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8), guest.u64(OUT + 24), guest.u64(OUT + 64)], [0, 6, 3n, 7n]);
}));

test("node: directories, links and names", () => on((guest, base, directory) => {
  mkdirSync(join(directory, "d"));
  writeFileSync(join(directory, "d/f"), "x");
  symlinkSync("../d/f", join(directory, "d/l"));
  symlinkSync("/etc/passwd", join(directory, "absolute"));
  guest.get(fs("readlink-at"), base, "d/l");
  equal(guest.string(OUT + 4), "../d/f");
  guest.get(fs("readlink-at"), base, "absolute");
  equal(code(guest), 31);
  const sub = open(guest, base, "d", 2, 1 | 32);
  guest.get(fs("rename-at"), sub, "f", base, "g");
  equal(guest.u8(OUT), 0);
  guest.get(fs("read-directory"), sub);
  const stream = handle(guest);
  guest.get("wasi:filesystem/types@0.2#[method]directory-entry-stream.read-directory-entry", stream);
  deepEqual([guest.u8(OUT + 4), guest.u8(OUT + 8), guest.string(OUT + 12)], [1, 5, "l"]);
  guest.get("wasi:filesystem/types@0.2#[method]directory-entry-stream.read-directory-entry", stream);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [0, 0]);
  for (const [name, path, wanted] of [["unlink-file-at", "d/l", 0], ["remove-directory-at", "d", 0],
    ["remove-directory-at", "d", 20], ["create-directory-at", "g", 7], ["unlink-file-at", "g", 0]]) {
    guest.get(fs(name), base, path);
    equal(guest.u8(OUT) && guest.u8(OUT + 1), wanted, `${name} ${path}`);
  }
}));

test("node: nothing outside the preopen is reached", () => on((guest, base) => {
  for (const path of ["../x", "/etc/passwd", "a/../../x"]) {
    guest.get(fs("open-at"), base, 0, path, 0, 1);
    equal(code(guest), 31, path);
  }
}));

test("node: clocks go on, and a sleep takes its time", () => on((guest) => {
  const now = () => guest.call("wasi:clocks/monotonic-clock@0.2#now");
  const before = now();
  const pollable = guest.call("wasi:clocks/monotonic-clock@0.2#subscribe-duration", 20_000_000n);
  guest.call("wasi:io/poll@0.2#[method]pollable.block", pollable);
  ok(now() - before >= 20_000_000n);
}));
