import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, input, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const poll = (name) => `wasi:io/poll@0.2#${name}`;
const clock = (name) => `wasi:clocks/monotonic-clock@0.2#${name}`;
const MS = 1_000_000n;

/**
 * A guest on a host whose clock moves only in `poll_oneoff`, and which keeps what it was asked:
 * `answer(subscriptions)` gives the indexes of those that are ready, or an error number.
 */
function timed(answer, fileType = 2) {
  const guest = new Guest({
    clock_time_get(id, precision, at) { this.setU64(at, this.now); },
    fd_fdstat_get(fd, at) { this.setU64(at, BigInt(fileType)); },
    poll_oneoff(subscriptions, events, count, result) {
      ok(count > 0, "a host may hang without a subscription");
      const asked = Array.from({ length: count }, (_, i) => {
        const at = subscriptions + i * 48;
        const tag = this.u8(at + 8);
        if (tag !== 0) return { userdata: this.u64(at), fd: this.u32(at + 16), tag };
        equal(this.view.getUint16(at + 40, true), 0, "the clock is relative");
        return { userdata: this.u64(at), id: this.u32(at + 16), timeout: this.u64(at + 24) };
      });
      ok(asked.filter((s) => "timeout" in s).length <= 1, "one clock at most");
      this.asked.push(asked);
      const fired = answer.call(this, asked);
      if (typeof fired === "number") return fired;
      fired.forEach((index, i) => {
        this.setU64(events + i * 32, asked[index].userdata);
        this.setU64(events + i * 32 + 8, 0n);
      });
      this.setU32(result, fired.length);
    },
  });
  guest.now = 1000n * MS;
  guest.asked = [];
  return guest;
}

/** Lets the time of the clock pass, or half of it, as a host that wakes early does. */
function sleep(asked, part = 1n) {
  const last = asked.length - 1;
  this.now += asked[last].timeout / part;
  return [last];
}

/** Polls a list of handles. */
function polled(guest, handles) {
  handles.forEach((handle, i) => guest.setU32(0x300 + i * 4, handle));
  guest.get(poll("poll"), 0x300, handles.length);
  const [list, length] = [guest.u32(OUT), guest.u32(OUT + 4)];
  equal(guest.live.get(list), length * 4);
  return Array.from({ length }, (_, i) => guest.u32(list + i * 4));
}

test("polling nothing traps, and so does a misaligned or foreign list", () => {
  const guest = timed(() => []);
  ok(traps(() => guest.get(poll("poll"), 0x300, 0)));
  const handle = guest.call(clock("subscribe-duration"), 0n);
  guest.setU32(0x302, handle);
  ok(traps(() => guest.get(poll("poll"), 0x302, 1)));
  ok(traps(() => guest.get(poll("poll"), 0x300, 0x40000000)));
  ok(traps(() => guest.get(poll("poll"), 0x70000 + 0xffffc, 2)));
});

test("subscribe-duration counts from the call", () => {
  const guest = timed(sleep);
  const handle = guest.call(clock("subscribe-duration"), 50n * MS);
  guest.now += 40n * MS;
  guest.call(poll("[method]pollable.block"), handle);
  equal(guest.now, 1050n * MS);
  deepEqual(guest.asked.map(([s]) => s.timeout), [10n * MS]);
});

test("a duration beyond the end of time never comes and never wraps", () => {
  const guest = timed(sleep);
  const never = guest.call(clock("subscribe-duration"), 0xffffffffffffffffn);
  equal(guest.call(poll("[method]pollable.ready"), never), 0);
  const soon = guest.call(clock("subscribe-instant"), 1005n * MS);
  deepEqual(polled(guest, [never, soon]), [1]);
  equal(guest.now, 1005n * MS);
});

test("an instant that has passed is ready without asking the host", () => {
  const guest = timed(() => []);
  const handle = guest.call(clock("subscribe-instant"), 0n);
  equal(guest.call(poll("[method]pollable.ready"), handle), 1);
  guest.call(poll("[method]pollable.block"), handle);
  deepEqual(guest.asked, []);
});

test("a timeout is whole milliseconds, and the clock is looked at again", () => {
  const guest = timed(function (asked) { return sleep.call(this, asked, 2n); });
  const handle = guest.call(clock("subscribe-duration"), 2n * MS + 1n);
  guest.call(poll("[method]pollable.block"), handle);
  ok(guest.now >= 1002n * MS + 1n);
  ok(guest.asked.length >= 2);
  for (const [s] of guest.asked) equal(s.timeout % MS, 0n);
});

test("the earliest of several clocks is the one that the host sees", () => {
  const guest = timed(sleep);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const handles = [
    guest.call(clock("subscribe-duration"), 500n * MS),
    guest.call(clock("subscribe-duration"), 100n * MS),
    guest.call(input("subscribe"), stdin),
  ];
  deepEqual(polled(guest, handles), [1]);
  equal(guest.now, 1100n * MS);
  deepEqual(guest.asked.map((asked) => asked.map((s) => s.timeout ?? s.tag)), [[1, 100n * MS]]);
});

test("equal handles are equal answers, and one subscription", () => {
  const guest = timed(() => [0]);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const one = guest.call(input("subscribe"), stdin);
  const two = guest.call(input("subscribe"), stdin);
  deepEqual(polled(guest, [one, two, one]), [0, 1, 2]);
  equal(guest.asked[0].length, 1);
});

test("input and output of one descriptor are told apart", () => {
  const guest = timed((asked) => [asked.findIndex((s) => s.tag === 2)]);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const stdout = guest.call("wasi:cli/stdout@0.2#get-stdout");
  const handles = [guest.call(input("subscribe"), stdin), guest.call(output("subscribe"), stdout)];
  deepEqual(polled(guest, handles), [1]);
  deepEqual(guest.asked[0].map(({ fd, tag }) => [fd, tag]), [[0, 1], [1, 2]]);
});

test("an idle input is not ready, and a read of it is empty at once", () => {
  const guest = timed((asked) => [1]);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  equal(guest.call(poll("[method]pollable.ready"), guest.call(input("subscribe"), stdin)), 0);
  guest.get(input("read"), stdin, 10n);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8)], [0, 0]);
  for (const asked of guest.asked) deepEqual([asked.length, asked[1].timeout], [2, MS]);
  ok(!guest.calls.includes("fd_read"));
});

test("a regular file as input is ready without asking the host", () => {
  const guest = timed(() => [], 4);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const handle = guest.call(input("subscribe"), stdin);
  deepEqual(polled(guest, [handle]), [0]);
  guest.call(poll("[method]pollable.block"), handle);
  deepEqual(guest.asked, []);
});

test("a host that refuses to poll a descriptor leaves it ready", () => {
  const guest = timed(() => 63);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  deepEqual(polled(guest, [guest.call(input("subscribe"), stdin)]), [0]);
});

test("events that the host counts and never wrote are not taken for answers", () => {
  const guest = timed(function (asked) {
    this.now += 5n * MS;
    return { length: asked.length, forEach() {} };
  });
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const handles = [guest.call(input("subscribe"), stdin), guest.call(clock("subscribe-duration"), 5n * MS)];
  deepEqual(polled(guest, handles), [1]);
});

test("an interrupted poll is repeated", () => {
  let times = 0;
  const guest = timed(function (asked) { return times++ === 0 ? 27 : [0]; });
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  guest.call(poll("[method]pollable.block"), guest.call(input("subscribe"), stdin));
  equal(times, 2);
});

test("asking at once reads as a timeout of zero to a host with the longer subscription of 2020", () => {
  let checked = 0;
  const host = new Guest({
    fd_fdstat_get(fd, at) { this.setU64(at, 2n); },
    poll_oneoff(subscriptions, events, count, result) {
      const second = subscriptions + 56;
      deepEqual([this.u8(second + 8), this.u32(second + 24), this.u64(second + 32), this.u8(second + 48)], [0, 0, 0n, 0]);
      checked += 1;
      this.setU32(result, 0);
    },
  });
  const stdin = host.call("wasi:cli/stdin@0.2#get-stdin");
  host.get(input("read"), stdin, 1n);
  equal(checked, 1);
});

test("a dropped pollable is gone, and its stream is not", () => {
  const guest = timed(() => [0]);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  const handle = guest.call(input("subscribe"), stdin);
  guest.call(poll("[resource-drop]pollable"), handle);
  ok(traps(() => guest.call(poll("[method]pollable.ready"), handle)));
  equal(guest.call(input("subscribe"), stdin), handle);
});
