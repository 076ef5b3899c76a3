// WASI 0.3 on Preview 1 with the sockets of WAMR: layouts, error codes, hosts that fail.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT } from "./harness.mjs";
import { test } from "./suite.mjs";

const tcp = (name) => `wasi:sockets/types@0.3#[method]tcp-socket.${name}`;
const udp = (name) => `wasi:sockets/types@0.3#[method]udp-socket.${name}`;

/** What an end of a stream is at the host. */
const [FAILED, ACCEPT, RECEIVE, SEND, READABLE, WRITABLE] = [7, 8, 9, 10, 11, 12];
/** Error numbers of Preview 1. */
const [ACCES, AGAIN, CONNABORTED, CONNREFUSED, CONNRESET, INPROGRESS, INTR, INVAL, IO, MSGSIZE, NOMEM, NOTCONN, PIPE, TIMEDOUT] =
  [2, 6, 13, 14, 15, 26, 27, 28, 29, 35, 48, 53, 64, 73];
const failure = (errno) => BigInt(-2 - errno);
/** Cases of `error-code`. */
const [DENIED, UNSUPPORTED, INVALID, STATE, REFUSED, BROKEN, RESET, ABORTED, LARGE, OTHER] =
  [0, 1, 2, 5, 9, 10, 11, 12, 13, 14];
const BUFFER = 0x3000;
const address = (port) => [0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/** A host with one socket, fd 77, all of whose calls succeed but those in `p1`. */
function host(p1 = {}, options = {}) {
  const seen = [];
  const noted = (name, answer = () => 0) => function (...args) {
    seen.push([name, ...args]);
    return answer.apply(this, args) ?? 0;
  };
  const all = {
    sock_open: noted("open", function (pool, family, type, at) { this.setU32(at, 77); }),
    fd_close: noted("close"),
    poll_oneoff(subscriptions, events, count, result) {
      this.setU64(events + 8, BigInt(this.u8(subscriptions + 8)) << 16n);
      this.setU32(result, 1);
    },
  };
  for (const name of ["fd_fdstat_set_flags", "sock_set_ipv6_only", "sock_set_reuse_addr", "sock_bind", "sock_listen",
    "sock_connect", "sock_addr_remote", "sock_addr_local", "sock_set_linger", "sock_shutdown"]) all[name] = noted(name);
  const guest = new Guest({ ...all, ...p1 }, { library: "p3-on-p1", ...options });
  return { guest, seen };
}

function socket(h, type = "tcp", family = 0) {
  h.guest.get(`wasi:sockets/types@0.3#[static]${type}-socket.create`, family);
  equal(h.guest.u8(OUT), 0);
  return h.guest.u32(OUT + 4);
}

function connected(p1 = {}, options = {}) {
  const h = host(p1, options);
  const handle = socket(h);
  h.guest.get(tcp("connect"), handle, ...address(80));
  equal(h.guest.u8(OUT), 0);
  return { ...h, handle };
}

const unit = (guest) => (guest.u8(OUT) === 0 ? "ok" : guest.u8(OUT + 4));
const read = (guest, kind, object, count = 16) =>
  guest.exports["io:read"](kind, object, 0n, guest.at(BUFFER), count, 0, 0);
const write = (guest, object, text) => {
  guest.put(BUFFER, Buffer.from(text));
  return guest.exports["io:write"](SEND, object, 0n, guest.at(BUFFER), text.length);
};

test("0.3: errors of sockets are variants, four bytes in", () => {
  let errno;
  const h = host({ sock_connect: () => errno });
  for (const [given, wanted] of [[ACCES, DENIED], [INVAL, INVALID], [CONNREFUSED, REFUSED], [CONNRESET, RESET],
    [CONNABORTED, ABORTED], [PIPE, BROKEN], [TIMEDOUT, 4], [NOMEM, 3], [MSGSIZE, LARGE], [NOTCONN, STATE], [IO, OTHER]]) {
    errno = given;
    h.guest.get(tcp("connect"), socket(h), ...address(80));
    equal(unit(h.guest), wanted, `errno ${given}`);
    if (wanted === OTHER) equal(h.guest.u8(OUT + 8), 0, "other(none)");
    h.guest.exports["io:result"](RECEIVE, given, h.guest.at(OUT));
    equal(unit(h.guest), wanted, `result of ${given}`);
  }
  h.guest.exports["io:result"](SEND, 0, h.guest.at(OUT));
  equal(unit(h.guest), "ok");
});

test("0.3: a connection is waited for, and a read has the reason why there is none", () => {
  let polls = 0;
  const h = host({
    sock_connect: () => INPROGRESS,
    sock_addr_remote: () => NOTCONN,
    sock_recv: () => CONNREFUSED,
    poll_oneoff(subscriptions, events, count, result) {
      // Not ready at first, whatever the library of tasks says.
      if (polls++ === 0) return void this.setU32(result, 0);
      this.setU64(events + 8, BigInt(this.u8(subscriptions + 8)) << 16n);
      this.setU32(result, 1);
    },
  });
  const handle = socket(h);
  h.guest.get(tcp("connect"), handle, ...address(80));
  equal(unit(h.guest), REFUSED);
  deepEqual(h.guest.asked, [["host_wait", WRITABLE, handle], ["host_wait", WRITABLE, handle]]);
  // It is of no use any more.
  h.guest.get(tcp("connect"), handle, ...address(80));
  equal(unit(h.guest), STATE);
  h.guest.get(tcp("listen"), handle);
  equal(unit(h.guest), STATE);
});

test("0.3: each direction of a connection is given out once", () => {
  const { guest, handle } = connected();
  guest.asked.length = 0;
  equal(guest.call(tcp("send"), handle, 60), 101);
  guest.get(tcp("receive"), handle);
  equal(guest.call(tcp("send"), handle, 61), 106);
  guest.get(tcp("receive"), handle);
  const [name, kind, code] = guest.asked[5];
  deepEqual([name, kind], ["resolved_future", SEND]);
  deepEqual(guest.asked, [["host_sink", 60, SEND, handle, 0n], ["host_source", RECEIVE, handle, 0n], ["host_future"],
    ["source_result", 102, 103, RECEIVE], ["host_drop", 61], ["resolved_future", SEND, code],
    ["host_source", FAILED, code, 0n], ["resolved_future", RECEIVE, code]]);
  guest.exports["io:result"](SEND, code, guest.at(OUT));
  equal(unit(guest), STATE);
});

test("0.3: a socket is shut down when both directions have ended, and closed when nothing of it is left", () => {
  const { guest, handle, seen } = connected();
  guest.call(tcp("send"), handle, 60);
  guest.get(tcp("receive"), handle);
  seen.length = 0;
  guest.call("wasi:sockets/types@0.3#[resource-drop]tcp-socket", handle);
  guest.exports["io:close"](SEND, handle);
  deepEqual(seen, []);
  guest.exports["io:close"](RECEIVE, handle);
  deepEqual(seen, [["sock_shutdown", 77, 3], ["close", 77]]);
});

test("0.3: what a connection gives and takes", () => {
  let answer = [0, 3];
  const { guest, handle } = connected({
    fd_read(fd, vectors, count, at) { this.setU32(at, answer[1]); return answer[0]; },
    fd_write(fd, vectors, count, at) { this.setU32(at, answer[1]); return answer[0]; },
  });
  for (const [errno, count, ofRead, ofWrite] of [[0, 3, 3n, 3n], [AGAIN, 0, -1n, -1n], [INTR, 0, -1n, -1n],
    [CONNRESET, 0, failure(CONNRESET), failure(CONNRESET)], [0, 0, 0n, -1n]]) {
    answer = [errno, count];
    deepEqual([read(guest, RECEIVE, handle), write(guest, handle, "abc")], [ofRead, ofWrite], `errno ${errno}`);
  }
});

test("0.3: connections are handles, and one that was given up is none", () => {
  let errno = 0;
  const h = host({ sock_accept(fd, flags, at) { this.setU32(at, 78); return errno; } }, { maxHandles: 3 });
  const handle = socket(h);
  h.guest.get(tcp("bind"), handle, ...address(80));
  h.guest.get(tcp("listen"), handle);
  deepEqual([h.guest.u8(OUT), h.guest.u32(OUT + 4), h.guest.asked], [0, 100, [["host_source", ACCEPT, handle, 0n]]]);
  equal(read(h.guest, ACCEPT, handle, 4), 1n);
  const client = h.guest.u32(BUFFER);
  ok(client !== handle);
  equal(h.guest.call(tcp("get-address-family"), client), 0);
  for (const [given, wanted] of [[CONNABORTED, -1n], [AGAIN, -1n], [INVAL, failure(INVAL)]]) {
    errno = given;
    equal(read(h.guest, ACCEPT, handle, 4), wanted);
  }
  errno = 0;
  equal(read(h.guest, ACCEPT, handle, 4), 1n);
  // The table is full.
  equal(read(h.guest, ACCEPT, handle, 4), failure(NOMEM));
});

test("0.3: a socket that listens without an address is bound first, if the host allows that", () => {
  for (const errno of [0, ACCES]) {
    const h = host({ sock_bind: () => errno });
    h.guest.get(tcp("listen"), socket(h));
    equal(h.guest.u8(OUT), 0);
  }
  const h = host({ sock_bind: () => INVAL });
  h.guest.get(tcp("listen"), socket(h));
  equal(unit(h.guest), INVALID);
});

test("0.3: a datagram is waited for; one that is too long and one of nobody are errors", () => {
  let answers = [];
  const h = host({
    sock_recv_from(fd, vectors, count, flags, at, length) {
      const [errno, bytes] = answers.shift();
      this.setU32(at, 0);
      this.setU32(at + 4, 0x0100007f);
      this.setU32(at + 8, 9);
      this.setU32(length, bytes);
      return errno;
    },
  });
  h.guest.heap = 0x10000;
  const handle = socket(h, "udp");
  h.guest.get(udp("receive"), handle);
  equal(unit(h.guest), STATE);
  h.guest.get(udp("bind"), handle, ...address(0));
  answers = [[AGAIN, 0], [0, 5]];
  h.guest.get(udp("receive"), handle);
  deepEqual([h.guest.u8(OUT), h.guest.u32(OUT + 8), h.guest.u8(OUT + 12), h.guest.text(OUT + 18, 4)],
    [0, 5, 0, "\x7f\0\0\x01"]);
  // It is tried before anything is waited for.
  deepEqual(h.guest.asked, [["host_wait", READABLE, handle]]);
  for (const [answer, wanted] of [[[0, 65508], LARGE], [[IO, 0], OTHER]]) {
    h.guest.heap = 0x10000;
    answers = [answer];
    h.guest.get(udp("receive"), handle);
    equal(unit(h.guest), wanted);
  }
});

test("0.3: a datagram that finds no room waits for it", () => {
  const answers = [AGAIN, INTR, 0];
  const h = host({ sock_send_to: () => answers.shift() });
  const handle = socket(h, "udp");
  h.guest.get(udp("send"), handle, "abc", 1, ...address(9));
  equal(unit(h.guest), "ok");
  deepEqual(h.guest.asked, [["host_wait", WRITABLE, handle]]);
});

test("0.3: what no host has", () => {
  const h = host();
  const handle = socket(h);
  h.guest.get(tcp("get-keep-alive-count"), handle);
  equal(unit(h.guest), UNSUPPORTED);
  for (const [value, wanted] of [[0, INVALID], [1, UNSUPPORTED]]) {
    h.guest.get(tcp("set-keep-alive-count"), handle, value);
    equal(unit(h.guest), wanted);
  }
});
