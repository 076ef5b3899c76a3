// WASI 0.3 on Preview 1: the command, clocks, random numbers, and what the library of tasks asks for.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const guest3 = (p1, options = {}) => new Guest(p1, { library: "p3-on-p1", ...options });

/** What an end of a stream is at the host. */
const [INPUT, OUTPUT] = [1, 2];
/** Error numbers of Preview 1. */
const [AGAIN, BADF, ILSEQ, INTR, IO, PIPE] = [6, 8, 25, 27, 29, 64];
/** What io:read and io:write give. */
const WOULD_BLOCK = -1n;
const failure = (errno) => BigInt(-2 - errno);

const BUFFER = 0x3000;
const read = (guest, kind, object, count = 16, offset = 0n) =>
  guest.exports["io:read"](kind, object, offset, guest.at(BUFFER), count, 0, 0);
const write = (guest, kind, object, text, offset = 0n) => {
  guest.put(BUFFER, Buffer.from(text));
  return guest.exports["io:write"](kind, object, offset, guest.at(BUFFER), text.length);
};

/** Host functions for one fd of a file type, whose polls find what `ready` says: numbers of subscriptions. */
const polled = (type, ready, polls = []) => ({
  fd_fdstat_get(fd, at) { this.setU64(at, BigInt(type)); },
  poll_oneoff(subscriptions, events, count, result) {
    const all = Array.from({ length: count }, (_, i) => subscriptions + i * 48);
    polls.push(all.map((at) => [this.u8(at + 8), this.u32(at + 16), this.u64(at + 24)]));
    const found = ready(count);
    if (typeof found === "number") return found;
    for (const [i, which] of found.entries()) {
      this.setU64(events + i * 32, 0n);
      this.setU64(events + i * 32 + 8, BigInt(this.u8(all[which] + 8)) << 16n);
    }
    this.setU32(result, found.length);
  },
});

test("0.3: standard streams are records of the library of tasks", () => {
  const guest = guest3();
  guest.get("wasi:cli/stdin@0.3#read-via-stream");
  deepEqual([guest.u32(OUT), guest.u32(OUT + 4)], [100, 101]);
  equal(guest.call("wasi:cli/stdout@0.3#write-via-stream", 7), 103);
  equal(guest.call("wasi:cli/stderr@0.3#write-via-stream", 8), 104);
  deepEqual(guest.asked, [["host_source", INPUT, 0, 0n], ["host_future"], ["source_result", 100, 101, INPUT],
    ["host_sink", 7, OUTPUT, 1, 0n], ["host_sink", 8, OUTPUT, 2, 0n]]);
  deepEqual(guest.calls, []);
});

test("0.3: a write gives what the host took, its error, or that it was interrupted", () => {
  let answer;
  const guest = guest3({
    fd_write(fd, vectors, count, result) {
      this.setU32(result, answer.took ?? 0);
      return answer.errno ?? 0;
    },
  });
  for (const [next, wanted] of [[{ took: 2 }, 2n], [{ took: 0 }, failure(IO)], [{ errno: PIPE }, failure(PIPE)],
    [{ errno: INTR }, WOULD_BLOCK], [{ errno: AGAIN }, WOULD_BLOCK]]) {
    answer = next;
    equal(write(guest, OUTPUT, 1, "out"), wanted);
  }
  const before = guest.calls.length;
  equal(write(guest, OUTPUT, 1, ""), 0n);
  equal(guest.calls.length, before);
});

test("0.3: the results of standard streams have an error-code of their own", () => {
  const guest = guest3();
  for (const [errno, wanted] of [[0, [0, 0]], [BADF, [1, 0]], [IO, [1, 0]], [ILSEQ, [1, 1]], [PIPE, [1, 2]]]) {
    for (const kind of [INPUT, OUTPUT]) {
      guest.exports["io:result"](kind, errno, guest.at(OUT));
      deepEqual([guest.u8(OUT), guest.u8(OUT + 1)], wanted);
    }
  }
});

test("0.3: a read that may wait asks the host first, with a clock", () => {
  const polls = [];
  let ready = [1];
  const guest = guest3({
    ...polled(2, () => ready, polls),
    fd_read(...args) { return this.readPart(["abc"], ...args.slice(1)); },
  });
  equal(read(guest, INPUT, 0), WOULD_BLOCK);
  deepEqual(polls, [[[1, 0, 0n], [0, 1, 1_000_000n]]]);
  ok(!guest.calls.includes("fd_read"));
  ready = [0, 1];
  equal(read(guest, INPUT, 0), 3n);
  equal(guest.text(BUFFER, 3), "abc");
});

test("0.3: a file as standard input is read without asking", () => {
  const parts = ["abc", INTR, BADF];
  const guest = guest3({
    ...polled(4, () => [0]),
    fd_read(...args) { return this.readPart(parts, ...args.slice(1)); },
  });
  deepEqual([1, 2, 3, 4].map(() => read(guest, INPUT, 0)), [3n, WOULD_BLOCK, failure(BADF), 0n]);
  ok(!guest.calls.includes("poll_oneoff"));
});

test("0.3: a host that cannot poll counts as ready, an interrupted one does not", () => {
  for (const [errno, wanted] of [[58, 1n], [INTR, WOULD_BLOCK]]) {
    const guest = guest3({
      ...polled(2, () => errno),
      fd_read(...args) { return this.readPart(["x"], ...args.slice(1)); },
    });
    equal(read(guest, INPUT, 0), wanted);
  }
});

test("0.3: events that the host counts and never writes are none", () => {
  const guest = guest3({
    ...polled(2, () => []),
    poll_oneoff(subscriptions, events, count, result) { this.setU32(result, 1000); },
  });
  equal(read(guest, INPUT, 0), WOULD_BLOCK);
});

test("0.3: one poll waits for what was subscribed and for the clock, in whole milliseconds", () => {
  const polls = [];
  const guest = guest3({
    ...polled(2, () => [0], polls),
    clock_time_get(id, precision, at) { this.setU64(at, 1_000n); },
  });
  const poll = (subscribed, hasDeadline, deadline) => {
    guest.exports["io:subscribe"](0, 0, 0);
    for (const [kind, fd, writes] of subscribed) guest.exports["io:subscribe"](kind, fd, writes);
    guest.exports["io:poll"](hasDeadline, deadline);
    return polls.pop();
  };
  deepEqual(poll([[INPUT, 0, 0], [OUTPUT, 1, 1]], 0, 0n), [[1, 0, 0n], [2, 1, 0n]]);
  deepEqual(poll([[INPUT, 0, 0]], 1, 1_000_001n + 1_000n), [[1, 0, 0n], [0, 1, 2_000_000n]]);
  deepEqual(poll([], 1, 5n), [[0, 1, 1_000_000n]]);
});

test("0.3: those that find no place in a poll are asked again soon", () => {
  const polls = [];
  const guest = guest3(polled(2, () => [0], polls), { maxPoll: 2 });
  guest.exports["io:subscribe"](0, 0, 0);
  for (const fd of [0, 1, 2]) guest.exports["io:subscribe"](INPUT, fd, 0);
  guest.exports["io:poll"](0, 0n);
  deepEqual(polls, [[[1, 0, 0n], [1, 1, 0n], [0, 1, 10_000_000n]]]);
});

test("0.3: waiting is for the library of tasks, and the end of time is not before now", () => {
  const guest = guest3({ clock_time_get(id, precision, at) { this.setU64(at, 1000n); } });
  const clock = (name) => `wasi:clocks/monotonic-clock@0.3#${name}`;
  guest.call(clock("wait-until"), 5n);
  guest.call(clock("wait-for"), 7n);
  guest.call(clock("wait-for"), -1n);
  equal(guest.call(`[async-lower]${clock("wait-until")}`, 9n), 103);
  guest.call(`[async-lower]${clock("wait-for")}`, 2n);
  deepEqual(guest.asked.map(([name, at]) => [name, BigInt.asUintN(64, at)]), [["timer_sync", 5n], ["timer_sync", 1007n],
    ["timer_sync", 0xffff_ffff_ffff_ffffn], ["timer", 9n], ["timer", 1002n]]);
});

test("0.3: clocks have the layouts of 0.3, and a host without one ends the program", () => {
  const guest = guest3({
    clock_time_get(id, precision, at) { this.setU64(at, 3_000_000_004n); },
    clock_res_get(id, at) {
      if (id === 1) return 28;
      this.setU64(at, 50n);
    },
  });
  guest.get("wasi:clocks/system-clock@0.3#now");
  deepEqual([guest.u64(OUT), guest.u32(OUT + 8)], [3n, 4]);
  equal(guest.call("wasi:clocks/system-clock@0.3#get-resolution"), 50n);
  ok(traps(() => guest.call("wasi:clocks/monotonic-clock@0.3#get-resolution")));
});

test("0.3: there is no time zone", () => {
  const guest = guest3();
  equal(guest.u8(guest.get("wasi:clocks/timezone@0.3#iana-id")), 0);
  equal(guest.u8(guest.get("wasi:clocks/timezone@0.3#utc-offset", 0n, 0)), 0);
  guest.get("wasi:clocks/timezone@0.3#to-debug-string");
  equal(guest.string(OUT), "UTC");
});

test("0.3: random bytes are at most 64 KiB at once", () => {
  const guest = guest3({ random_get(at, length) { this.put(at, new Uint8Array(length).fill(7)); } });
  for (const name of ["random@0.3#get-random-bytes", "insecure@0.3#get-insecure-random-bytes"]) {
    for (const [wanted, given] of [[0n, 0], [5n, 5], [-1n, 65536]]) {
      guest.heap = 0x10000;
      guest.get(`wasi:random/${name}`, wanted);
      equal(guest.u32(OUT + 4), given);
    }
  }
});

test("0.3: exit and the names that 0.3 gives to what 0.2 has", () => {
  const codes = [];
  const guest = guest3({ proc_exit: (code) => void codes.push(code) });
  equal(guest.u8(guest.get("wasi:cli/environment@0.3#get-initial-cwd")), 0);
  for (const [name, argument] of [["exit", 0], ["exit", 1], ["exit-with-code", 42]]) {
    ok(traps(() => guest.call(`wasi:cli/exit@0.3#${name}`, argument)));
  }
  deepEqual(codes, [0, 1, 42]);
});
