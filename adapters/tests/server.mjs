// `p1bridge:http/server`: requests on sockets, and faults of a host while they are taken and answered.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, input, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const http = (name) => `wasi:http/types@0.2#${name}`;
const exchange = (name) => `p1bridge:http/exchange@0.1#${name}`;
const call = (name) => `p1bridge:http/server@0.1#${name}`;
const [AGAIN, ABORTED, INTR, PIPE] = [6, 13, 27, 64];
const GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

class Exit extends Error {}

/** A guest whose host has a connection for each list of parts, and changes of its functions. A part that is a number
 *  is an error of the read. */
function server(connections, { changed = {}, args = ["a"], ...options } = {}) {
  const said = { 2: "" };
  const closed = [];
  let now = 0n;
  let next = 100;
  const left = new Map();
  const guest = new Guest(
    {
      args_sizes_get(count, size) {
        this.setU32(count, args.length);
        this.setU32(size, args.join("0").length + 1);
      },
      args_get(pointers, buffer) {
        for (const [i, text] of args.entries()) {
          this.setU32(pointers + 4 * i, buffer);
          this.put(buffer, Buffer.from(text + "\0"));
          buffer += text.length + 1;
        }
      },
      sock_open(pool, family, kind, result) {
        this.setU32(result, 7);
      },
      sock_set_reuse_addr() {},
      sock_bind() {},
      sock_listen() {},
      sock_addr_local() {},
      sock_set_linger() {},
      fd_fdstat_set_flags() {},
      sock_accept(fd, flags, result) {
        equal(fd, 7);
        left.set((next += 1), [...connections.shift()]);
        said[next] = "";
        this.setU32(result, next);
      },
      clock_time_get(clock, precision, result) {
        this.setU64(result, (now += 1_000_000n));
      },
      poll_oneoff(from, to, count, events) {
        // The time is over.
        now += this.u64(from + 48 + 24);
        this.setU32(events, 0);
      },
      fd_read(fd, at, count, read) {
        return this.readPart(left.get(fd), at, count, read);
      },
      fd_write(fd, at, count, written) {
        const text = this.gathered(at, count);
        said[fd] += text;
        this.setU32(written, text.length);
      },
      fd_close(fd) {
        closed.push(fd);
      },
      proc_exit() {
        throw new Exit();
      },
      ...changed,
    },
    { parts: ["server", "asked"], ...options },
  );
  return { guest, said, closed };
}

/** Answers with a status; gives the body and its stream. */
function respond(guest, status = 200) {
  const response = guest.call(http("[constructor]outgoing-response"), guest.call(http("[constructor]fields")));
  guest.call(http("[method]outgoing-response.set-status-code"), response, status);
  guest.get(http("[method]outgoing-response.body"), response);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.call(http("[static]response-outparam.set"), guest.call(exchange("outparam")), 0, response, 0, 0n, 0, 0, 0, 0);
  return { body, stream };
}

test("a server listens where it is told, answers, and closes", () => {
  const { guest, said, closed } = server([[GET], [GET]], { args: ["a", "10.0.0.255:65535"] });
  guest.call(call("open"));
  equal(said[2], "p1bridge: listening on 10.0.0.255:65535\n");
  for (const fd of [101, 102]) {
    equal(guest.call(call("begin")), 1);
    guest.call(http("[resource-drop]incoming-request"), guest.call(exchange("request")));
    const { body, stream } = respond(guest, 404);
    guest.get(output("blocking-write-and-flush"), stream, "hello");
    guest.get(output("write-zeroes"), stream, 300n);
    guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
    guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
    guest.call(call("finish"));
    const head = "HTTP/1.1 404 \r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    const zeroes = `00000100\r\n${"\0".repeat(256)}\r\n0000002C\r\n${"\0".repeat(44)}\r\n`;
    equal(said[fd], `${head}00000005\r\nhello\r\n${zeroes}0\r\n\r\n`);
  }
  deepEqual(closed, [101, 102]);
});

test("what a handler keeps of a request is empty and closed, and does not answer the next", () => {
  const { guest, said } = server([
    ["PUT / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 9\r\n\r\n123", "456"],
    [GET, "never read"],
  ]);
  guest.call(call("open"));
  guest.call(call("begin"));
  const request = guest.call(exchange("request"));
  const stale = guest.call(exchange("outparam"));
  guest.get(http("[method]incoming-request.consume"), request);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]incoming-body.stream"), body);
  const stream = guest.u32(OUT + 4);
  guest.get(input("read"), stream, 2n);
  equal(guest.string(OUT + 4), "12");
  guest.call(call("finish"));
  ok(said[101].startsWith("HTTP/1.1 500 "));
  equal(guest.call(call("begin")), 1);
  guest.get(input("blocking-read"), stream, 9n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1], "closed");
  guest.get(http("[method]incoming-request.path-with-query"), request);
  equal(guest.u8(OUT), 0);
  ok(traps(() => guest.call(http("[static]response-outparam.set"), stale, 1, 0, 0, 0n, 0, 0, 0, 0)));
  const { stream: late } = respond(guest);
  guest.call(call("finish"));
  guest.get(output("write"), late, "x");
  equal(guest.u8(OUT), 0, "it goes nowhere");
  ok(!said[102].includes("x"));
});

test("reads and writes are repeated, and a peer that is gone or slow ends its request only", () => {
  const errors = [AGAIN, INTR];
  const { guest, said } = server([[INTR, "GE"], ["GET / HT", AGAIN], [AGAIN], [GET], [GET]], {
    changed: {
      fd_write(fd, at, count, written) {
        if (fd === 105) return PIPE;
        const text = this.gathered(at, count).slice(0, 9);
        if (fd === 104 && errors.length !== 0) return errors.pop();
        said[fd] += text;
        this.setU32(written, text.length);
      },
      poll_oneoff(from, to, count, events) {
        // It may be ready, which ends the wait for a write, and no time goes by.
        if (this.u32(from + 8) === 2) {
          this.setU64(to, this.u64(from));
          new Uint8Array(this.memory.buffer).fill(0, to + 8, to + 32);
          this.setU32(events, 1);
        } else {
          slept += this.u64(from + 48 + 24);
          this.setU32(events, 0);
        }
      },
      clock_time_get(clock, precision, result) {
        this.setU64(result, (slept += 1_000_000n));
      },
    },
  });
  let slept = 0n;
  guest.call(call("open"));
  const begin = () => guest.call(call("begin"));
  equal(begin(), 0);
  guest.call(call("finish"));
  equal(said[101], "", "it was gone");
  equal(begin(), 0);
  guest.call(call("finish"));
  ok(said[102].startsWith("HTTP/1.1 408 "));
  equal(begin(), 0);
  guest.call(call("finish"));
  equal(said[103], "", "it never said anything");
  equal(begin(), 1);
  respond(guest);
  guest.call(call("finish"));
  ok(said[104].startsWith("HTTP/1.1 200 \r\nConnection: close\r\n"));
  equal(begin(), 1);
  const { stream } = respond(guest);
  guest.get(output("write"), stream, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1], "closed");
  guest.call(call("finish"));
});

test("connections that went away are passed over, and a host that has none any more ends the program", () => {
  const answers = [ABORTED, INTR, 33];
  const { guest, said } = server([], { changed: { sock_accept: () => answers.shift() } });
  guest.call(call("open"));
  let ended = false;
  try {
    guest.call(call("begin"));
  } catch (error) {
    ended = error instanceof Exit;
  }
  ok(ended);
  ok(said[2].endsWith("p1bridge: no connection can be taken: error 33\n"));
});

test("whatever there is room for, a request is taken or too large", () => {
  const fields = Array.from({ length: 40 }, (_, i) => `X-${i}: ${"v".repeat(i)}\r\n`).join("");
  const seen = new Set();
  for (let maxHttp = 116; maxHttp <= 4096; maxHttp += 52) {
    const head = `GET /a HTTP/1.1\r\nHost: h\r\n${fields}Content-Length: 600\r\n\r\n`;
    const { guest, said } = server([[head + "b".repeat(600)]], { maxHttp, args: [] });
    guest.call(call("open"));
    if (guest.call(call("begin"))) {
      seen.add("good");
      guest.get(http("[method]incoming-request.consume"), guest.call(exchange("request")));
      guest.get(http("[method]incoming-body.stream"), guest.u32(OUT + 4));
      const stream = guest.u32(OUT + 4);
      let all = "";
      for (;;) {
        guest.get(input("blocking-read"), stream, 77n);
        if (guest.u8(OUT) !== 0) break;
        all += guest.string(OUT + 4);
      }
      equal(all, "b".repeat(600));
    } else {
      seen.add(said[101].slice(9, 12));
    }
    guest.call(call("finish"));
  }
  deepEqual([...seen].sort(), ["431", "good"]);
});
