import { deepEqual, equal, ok } from "node:assert/strict";
import { CODE } from "./disk.mjs";
import { Guest, OUT, input, io, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const errors = (name) => `wasi:io/error@0.2#${name}`;

/** Answers `fd_fdstat_get` with a file type. */
const type = (number) => ({ fd_fdstat_get(fd, at) { this.setU64(at, BigInt(number)); } });

/** A guest with a handle of stdout, whose host takes `take(text)` bytes of each write. */
function writer(take) {
  const guest = new Guest({
    fd_write(fd, vectors, count, result) {
      const taken = take(this.gathered(vectors, count));
      if (taken < 0) return -taken;
      this.setU32(result, taken);
    },
  });
  return [guest, guest.call("wasi:cli/stdout@0.2#get-stdout")];
}

/** A guest with a handle of stdin, whose host gives these answers: text, or an error number. */
function reader(answers, host = {}) {
  const guest = new Guest({
    fd_read(fd, vectors, count, result) {
      const answer = answers.shift();
      if (typeof answer === "number") return answer;
      const [[at, length]] = this.vectors(vectors, count);
      ok(length >= answer.length, "the host was given too small a buffer");
      this.put(at, Buffer.from(answer));
      this.setU32(result, answer.length);
    },
    ...type(4),
    ...host,
  });
  return [guest, guest.call("wasi:cli/stdin@0.2#get-stdin")];
}

test("check-write permits 64 KiB; a write over the permit traps", () => {
  const [guest, out] = writer((text) => text.length);
  guest.get(output("check-write"), out);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 65536n]);
  equal(guest.u8(guest.get(output("write"), out, 0x1000, 65536)), 0);
  ok(traps(() => guest.get(output("write"), out, 0x1000, 65537)));
});

test("the blocking forms take 4096 bytes and trap at 4097", () => {
  const [guest, out] = writer((text) => text.length);
  equal(guest.u8(guest.get(output("blocking-write-and-flush"), out, 0x1000, 4096)), 0);
  ok(traps(() => guest.get(output("blocking-write-and-flush"), out, 0x1000, 4097)));
  equal(guest.u8(guest.get(output("blocking-write-zeroes-and-flush"), out, 4096n)), 0);
  ok(traps(() => guest.get(output("blocking-write-zeroes-and-flush"), out, 4097n)));
});

test("contents outside the memory trap before the host is called", () => {
  const [guest, out] = writer(() => 1);
  guest.calls = [];
  ok(traps(() => guest.get(output("write"), out, guest.memory.buffer.byteLength - 1, 2)));
  ok(traps(() => guest.get(output("write"), out, 0xffffffff, 2)));
  deepEqual(guest.calls, []);
});

test("nothing to write is no call of the host", () => {
  const [guest, out] = writer(() => 0);
  guest.calls = [];
  for (const name of ["write", "blocking-write-and-flush"]) equal(guest.u8(guest.get(output(name), out, "")), 0);
  equal(guest.u8(guest.get(output("write-zeroes"), out, 0n)), 0);
  equal(guest.u8(guest.get(output("flush"), out)), 0);
  equal(guest.u8(guest.get(output("blocking-flush"), out)), 0);
  deepEqual(guest.calls, []);
});

test("one write is one call, and a short one goes on behind it", () => {
  let seen = [];
  const [guest, out] = writer((text) => (seen.push(text), Math.min(text.length, 3)));
  equal(guest.u8(guest.get(output("write"), out, "abcdefgh")), 0);
  deepEqual(seen, ["abcdefgh", "defgh", "gh"]);
});

test("a host that would block or was interrupted is asked again", () => {
  const answers = [-6, 2, -27, 2];
  const [guest, out] = writer(() => answers.shift());
  equal(guest.u8(guest.get(output("blocking-write-and-flush"), out, "abcd")), 0);
  deepEqual(answers, []);
});

test("a failed write is last-operation-failed, then the stream is closed", () => {
  const [guest, out] = writer(() => -51);
  guest.get(output("write"), out, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
  const error = guest.u32(OUT + 8);
  guest.get(errors("[method]error.to-debug-string"), error);
  equal(guest.string(OUT), "ENOSPC");
  guest.get("wasi:filesystem/types@0.2#filesystem-error-code", error);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 1)], [1, CODE["insufficient-space"]]);
  guest.call(errors("[resource-drop]error"), error);
  for (const [name, args, at] of [["write", ["x"], 4], ["flush", [], 4], ["check-write", [], 8],
    ["write-zeroes", [1n], 4], ["blocking-flush", [], 4]]) {
    guest.get(output(name), out, ...args);
    deepEqual([guest.u8(OUT), guest.u8(OUT + at)], [1, 1], name);
  }
});

test("a host that takes nothing and has no error fails the write", () => {
  const [guest, out] = writer(() => 0);
  guest.get(output("write"), out, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
  guest.get(errors("[method]error.to-debug-string"), guest.u32(OUT + 8));
  equal(guest.string(OUT), "EIO");
});

test("a pipe that nobody reads closes the stream", () => {
  const [guest, out] = writer(() => -64);
  guest.get(output("write"), out, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1]);
});

test("an error that finds no handle is reported as closed", () => {
  const guest = new Guest({ fd_write: () => 29 }, { maxHandles: 1 });
  const out = guest.call("wasi:cli/stdout@0.2#get-stdout");
  guest.get(output("write"), out, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1]);
});

test("write-zeroes writes zeroes, and goes on after a short write", () => {
  const lengths = [];
  const [guest, out] = writer((text) => {
    ok(/^\0*$/.test(text));
    lengths.push(text.length);
    return lengths.length === 1 ? 1000 : text.length;
  });
  equal(guest.u8(guest.get(output("write-zeroes"), out, 9001n)), 0);
  deepEqual(lengths, [4096, 4096, 3905]);
  ok(traps(() => guest.get(output("write-zeroes"), out, 65537n)));
});

test("every error has its name", () => {
  const some = { 1: "E2BIG", 5: "EAFNOSUPPORT", 29: "EIO", 56: "ENOTRECOVERABLE", 66: "EPROTONOSUPPORT", 76: "ENOTCAPABLE" };
  for (const [errno, name] of Object.entries(some)) {
    const [guest, out] = writer(() => -errno);
    guest.get(output("write"), out, "x");
    guest.get(errors("[method]error.to-debug-string"), guest.u32(OUT + 8));
    equal(guest.string(OUT), name);
  }
});

test("a read is one call into memory of the guest, cut to what came", () => {
  const [guest, stdin] = reader(["hello", "ab"]);
  guest.get(input("blocking-read"), stdin, 100n);
  equal(guest.u8(OUT), 0);
  equal(guest.string(OUT + 4), "hello");
  deepEqual(guest.calls, ["fd_read"]);
  guest.get(input("read"), stdin, 2n);
  equal(guest.string(OUT + 4), "ab");
});

test("a read gives at most 64 KiB", () => {
  let asked;
  const [guest, stdin] = reader([], { fd_read(fd, v, n, result) { asked = this.vectors(v, n)[0][1]; this.setU32(result, 1); } });
  guest.get(input("blocking-read"), stdin, 0xffffffffffffffffn);
  equal(asked, 65536);
});

test("nothing to read is an empty list and no call", () => {
  const [guest, stdin] = reader([]);
  for (const name of ["read", "blocking-read"]) {
    guest.get(input(name), stdin, 0n);
    deepEqual([guest.u8(OUT), guest.u32(OUT + 8)], [0, 0]);
  }
  guest.get(input("skip"), stdin, 0n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 0n]);
  deepEqual(guest.calls, []);
});

test("the end of the input closes the stream", () => {
  const [guest, stdin] = reader([""]);
  for (const [name, at] of [["blocking-read", 4], ["read", 4], ["skip", 8]]) {
    guest.get(input(name), stdin, 9n);
    deepEqual([guest.u8(OUT), guest.u8(OUT + at)], [1, 1], name);
  }
  deepEqual(guest.calls, ["fd_read"]);
  ok([...guest.live.values()].reduce((a, b) => a + b, 0) <= 1, "memory was lost");
});

test("an error of a read is last-operation-failed, then closed", () => {
  const [guest, stdin] = reader([29]);
  guest.get(input("blocking-read"), stdin, 9n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
  guest.get(input("blocking-read"), stdin, 9n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1]);
});

test("read gives an empty list where the host would block; blocking-read waits", () => {
  const polled = [];
  const poll_oneoff = function (subscriptions, events, count, result) {
    polled.push(count);
    this.setU64(events, this.u64(subscriptions));
    this.setU32(result, 1);
  };
  const [guest, stdin] = reader([6, 6, 27, "x"], { ...type(2), poll_oneoff });
  guest.get(input("read"), stdin, 9n);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8)], [0, 0]);
  guest.get(input("blocking-read"), stdin, 9n);
  equal(guest.string(OUT + 4), "x");
  deepEqual(polled, [2, 1], "once with a timeout, once without");
});

test("skip counts what it throws away", () => {
  const [guest, stdin] = reader(["abc", "d"]);
  guest.get(input("blocking-skip"), stdin, 1n << 40n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 3n]);
  guest.get(input("skip"), stdin, 1n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 1n]);
});

/** A guest with stdin and stdout. */
function pipe(answers, take) {
  const [guest, stdin] = reader(answers, {
    fd_write(fd, vectors, count, result) {
      const taken = take(this.gathered(vectors, count));
      if (taken < 0) return -taken;
      this.setU32(result, taken);
    },
  });
  return [guest, guest.call("wasi:cli/stdout@0.2#get-stdout"), stdin];
}

test("splice writes all that it read, in pieces if need be", () => {
  let written = "";
  const [guest, out, stdin] = pipe(["abcdef"], (text) => (written += text.slice(0, 4), Math.min(text.length, 4)));
  guest.get(output("blocking-splice"), out, stdin, 10n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8), written], [0, 6n, "abcdef"]);
  guest.get(output("splice"), out, stdin, 0n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 0n]);
});

test("splice reports the end of the source and the fault of the sink", () => {
  let [guest, out, stdin] = pipe([""], () => 1);
  guest.get(output("splice"), out, stdin, 10n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, 1]);
  [guest, out, stdin] = pipe(["a"], () => -51);
  guest.get(output("splice"), out, stdin, 10n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, 0]);
  guest.calls = [];
  guest.get(output("splice"), out, stdin, 10n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8), guest.calls], [1, 1, []], "a closed sink reads nothing");
});

test("streams of the standard descriptors carry no file code to the host", () => {
  const [guest, out] = writer((text) => text.length);
  guest.get(output("write"), out, "x");
  guest.call(io("[resource-drop]output-stream"), out);
  deepEqual(guest.calls, ["fd_write"]);
});
