// Pollables of every kind in one list, and more than there is room for.

import { deepEqual, ok } from "node:assert/strict";
import { Guest, OUT, input, output } from "./harness.mjs";
import { test } from "./suite.mjs";

const poll = (name) => `wasi:io/poll@0.2#${name}`;
const tcp = (name) => `wasi:sockets/tcp@0.2#[method]tcp-socket.${name}`;
const SOCKET = 77;

/** A host whose `poll_oneoff` says that the subscriptions for which `is_ready` holds have come. */
function host(is_ready, more) {
  const guest = new Guest({
    clock_time_get(id, precision, at) { this.setU64(at, 0n); },
    fd_fdstat_get(fd, at) { this.setU64(at, fd === 1 ? 4n : 0n); },
    fd_fdstat_set_flags: () => 0,
    sock_open(pool, family, type, result) { this.setU32(result, SOCKET); },
    sock_connect: () => 26,
    poll_oneoff(subscriptions, events, count, result) {
      const asked = Array.from({ length: count }, (_, i) => {
        const at = subscriptions + i * 48;
        const tag = this.u8(at + 8);
        return { userdata: this.u64(at), tag, fd: tag === 0 ? "clock" : this.u32(at + 16) };
      });
      this.asked = asked.map(({ fd, tag }) => [fd, tag]);
      (this.turns ??= []).push(this.asked[0][0]);
      const ready = asked.filter(is_ready);
      ready.forEach(({ userdata }, i) => {
        this.setU64(events + i * 32, userdata);
        this.setU64(events + i * 32 + 8, 0n);
      });
      this.setU32(result, ready.length);
    },
  }, more);
  return guest;
}

function polled(guest, handles) {
  handles.forEach((handle, i) => guest.setU32(0x300 + i * 4, handle));
  guest.get(poll("poll"), 0x300, handles.length);
  return Array.from({ length: guest.u32(OUT + 4) }, (_, i) => guest.u32(guest.u32(OUT) + i * 4));
}

/** Pollables of a clock, standard input, a socket that connects and, in the end, a regular file. */
function all(guest) {
  const clock = guest.call("wasi:clocks/monotonic-clock@0.2#subscribe-duration", 1_000_000_000n);
  const stdin = guest.call(input("subscribe"), guest.call("wasi:cli/stdin@0.2#get-stdin"));
  guest.get("wasi:sockets/tcp-create-socket@0.2#create-tcp-socket", 0);
  const socket = guest.u32(OUT + 4);
  const network = guest.call("wasi:sockets/instance-network@0.2#instance-network");
  guest.get(tcp("start-connect"), socket, network, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  deepEqual(guest.u8(OUT), 0);
  const file = guest.call(output("subscribe"), guest.call("wasi:cli/stdout@0.2#get-stdout"));
  return [clock, stdin, guest.call(tcp("subscribe"), socket), file];
}

test("a clock, an input and a socket are one question to the host", () => {
  for (const [fd, index] of [[SOCKET, 2], [0, 1]]) {
    const guest = host((asked) => asked.fd === fd);
    const handles = all(guest);
    deepEqual(polled(guest, handles.slice(0, 3)), [index]);
    deepEqual(guest.asked, [[0, 1], [SOCKET, 2], ["clock", 0]]);
  }
});

test("a file in the list is ready, and so is what the host has by then", () => {
  const guest = host((asked) => asked.fd === SOCKET || asked.fd === "clock");
  deepEqual(polled(guest, all(guest)), [2, 3]);
  ok(!guest.asked.some(([fd]) => fd === 1), "files are not asked about");
});

test("more descriptors than there is room for take turns until one is ready", () => {
  const guest = host(({ fd }) => fd === SOCKET && guest.turns.length > 3, { maxPoll: 1 });
  const [clock, stdin, socket, file] = all(guest);
  deepEqual(polled(guest, [stdin, socket, stdin]), [1]);
  deepEqual(guest.turns, [0, SOCKET, 0, 0, SOCKET, 0]);
  deepEqual(guest.asked, [[0, 1], ["clock", 0]], "nobody waits for long");
  deepEqual(polled(guest, [stdin, socket, file, clock]), [1, 2]);
});
