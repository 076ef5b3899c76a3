// `wasi:http/outgoing-handler`: requests that are sent, servers that answer anything, and faults of the host.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, input, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const http = (name) => `wasi:http/types@0.2#${name}`;
const request = (name) => http(`[method]outgoing-request.${name}`);
const future = (name) => http(`[method]future-incoming-response.${name}`);
const HANDLE = "wasi:http/outgoing-handler@0.2#handle";
const BLOCK = "wasi:io/poll@0.2#[method]pollable.block";
const [ACCES, AGAIN, REFUSED, RESET, INPROGRESS, INTR, MFILE, PIPE] = [2, 6, 14, 15, 26, 27, 33, 64];
const CODES = { refused: 6, terminated: 7, prohibited: 4, limit: 11, timeout: 9, connect: 8, incomplete: 25, head: 26,
  trailers: 29, coding: 31, protocol: 35, uri: 19, size: 17 };

/** A guest whose host has a connection for each list of parts: texts that are read, and numbers that are errors of a
 *  read. */
function client(connections, { changed = {}, ...options } = {}) {
  const said = [];
  const closed = [];
  const left = [];
  const opened = [];
  let now = 0n;
  const guest = new Guest(
    {
      sock_open(pool, family, kind, result) {
        opened.push(family);
        left.push([...(connections.shift() ?? [])]);
        said.push("");
        this.setU32(result, 999 + left.length);
      },
      fd_fdstat_set_flags() {},
      sock_connect: () => INPROGRESS,
      sock_addr_remote() {},
      clock_time_get(clock, precision, result) {
        this.setU64(result, (now += 1_000_000n));
      },
      poll_oneoff(from, to, count, events) {
        // Every socket is ready.
        let ready = 0;
        for (let i = 0; i < count; i += 1) {
          const at = from + 48 * i;
          if (this.u32(at + 8) === 0) continue;
          this.setU64(to + 32 * ready, this.u64(at));
          new Uint8Array(this.memory.buffer).fill(0, to + 32 * ready + 8, to + 32 * ready + 32);
          ready += 1;
        }
        this.setU32(events, ready);
      },
      fd_read(fd, at, count, read) {
        return this.readPart(left[fd - 1000], at, count, read);
      },
      fd_write(fd, at, count, written) {
        const text = this.gathered(at, count);
        if (fd > 2) said[fd - 1000] += text;
        this.setU32(written, text.length);
      },
      fd_close(fd) {
        closed.push(fd - 1000);
      },
      ...changed,
    },
    { parts: ["sending"], ...options },
  );
  return { guest, said, closed, left, opened };
}

const POOL = 4096;

/** A request for `http://127.0.0.1:80/a`. */
function made(guest, method = 0, authority = "127.0.0.1") {
  const fields = guest.call(http("[constructor]fields"));
  const handle = guest.call(http("[constructor]outgoing-request"), fields);
  equal(guest.call(request("set-method"), handle, method, 0, 0), 0);
  equal(guest.call(request("set-scheme"), handle, 1, 0, 0, 0), 0);
  equal(guest.call(request("set-authority"), handle, 1, authority), 0);
  equal(guest.call(request("set-path-with-query"), handle, 1, "/a"), 0);
  return handle;
}

/** The future of a request. */
function sent(guest, handle = made(guest)) {
  guest.get(HANDLE, handle, 0, 0);
  equal(guest.u8(OUT), 0);
  return guest.u32(OUT + 8);
}

/** What a future has: nothing, `{ code }` or `{ response }`. */
function got(guest, handle) {
  guest.get(future("get"), handle);
  if (guest.u8(OUT) === 0) return undefined;
  equal(guest.u8(OUT + 8), 0);
  return guest.u8(OUT + 16) ? { code: guest.u8(OUT + 24) } : { response: guest.u32(OUT + 24) };
}

/** The same once it has something. */
function waited(guest, handle) {
  const pollable = guest.call(future("subscribe"), handle);
  guest.call(BLOCK, pollable);
  guest.call("wasi:io/poll@0.2#[resource-drop]pollable", pollable);
  return got(guest, handle);
}

/** The whole of a response: status, body, error of that, trailers; all its handles are dropped. */
function whole(guest, handle) {
  const { code, response } = waited(guest, handle);
  guest.call(http("[resource-drop]future-incoming-response"), handle);
  if (code !== undefined) return { code };
  const status = guest.call(http("[method]incoming-response.status"), response);
  guest.get(http("[method]incoming-response.consume"), response);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]incoming-body.stream"), body);
  const stream = guest.u32(OUT + 4);
  let text = "";
  let error;
  for (;;) {
    guest.get(input("blocking-read"), stream, 999n);
    if (guest.u8(OUT) === 0) {
      text += guest.text(guest.u32(OUT + 4), guest.u32(OUT + 8));
      continue;
    }
    if (guest.u8(OUT + 4) === 1) break;
    const failed = guest.u32(OUT + 8);
    guest.get(http("http-error-code"), failed);
    equal(guest.u8(OUT), 1);
    error = guest.u8(OUT + 8);
    guest.call("wasi:io/error@0.2#[resource-drop]error", failed);
    break;
  }
  guest.call("wasi:io/streams@0.2#[resource-drop]input-stream", stream);
  const late = guest.call(http("[static]incoming-body.finish"), body);
  const pollable = guest.call(http("[method]future-trailers.subscribe"), late);
  guest.call(BLOCK, pollable);
  guest.call("wasi:io/poll@0.2#[resource-drop]pollable", pollable);
  guest.get(http("[method]future-trailers.get"), late);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, 0]);
  let trailers = 0;
  if (guest.u8(OUT + 16) === 0 && guest.u8(OUT + 24) === 1) {
    const fields = guest.u32(OUT + 28);
    guest.get(http("[method]fields.entries"), fields);
    trailers = guest.u32(OUT + 4);
    guest.call(http("[resource-drop]fields"), fields);
  }
  guest.call(http("[resource-drop]future-trailers"), late);
  guest.call(http("[resource-drop]incoming-response"), response);
  return { status, text, error, trailers };
}

/** That no handle is there any more, and nothing in the pool. */
function nothingIsLeft(guest) {
  for (let handle = 1; handle <= guest.room; handle += 1) equal(guest.u8(guest.tables[0] + 16 * handle), 0, `handle ${handle}`);
  equal(guest.u32(guest.places[0] + guest.size - 4112 - POOL), 0, "the pool is empty");
}

const OK = "HTTP/1.1 200 OK\r\n";

test("a request is sent, and its response and connection are the guest's until it drops them", () => {
  const { guest, said, closed } = client([[AGAIN, OK, "Content-", "Length: 5\r\n\r\nhe", AGAIN, "llo, too much"]]);
  deepEqual(whole(guest, sent(guest)), { status: 200, text: "hello", error: undefined, trailers: 0 });
  deepEqual(said, ["GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"]);
  deepEqual(closed, [0]);
  nothingIsLeft(guest);
});

test("a response that waits for its head is not there, and is not ready, until the last line", () => {
  const { guest } = client([[OK, AGAIN, "A: b\r\n", AGAIN, "\r\n"]]);
  const handle = sent(guest);
  const pollable = guest.call(future("subscribe"), handle);
  equal(got(guest, handle), undefined);
  equal(guest.call("wasi:io/poll@0.2#[method]pollable.ready", pollable), 0);
  guest.call(BLOCK, pollable);
  equal(guest.call("wasi:io/poll@0.2#[method]pollable.ready", pollable), 1);
  ok(got(guest, handle).response);
  guest.get(future("get"), handle);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, 1], "once");
});

test("faults of a host are errors of the request", () => {
  const code = (changed, parts = []) => {
    const { guest } = client([parts], { changed });
    const found = whole(guest, sent(guest));
    nothingIsLeft(guest);
    return found.code;
  };
  equal(code({ sock_open: () => MFILE }), CODES.limit);
  equal(code({ fd_fdstat_set_flags: () => ACCES }), CODES.prohibited);
  equal(code({ sock_connect: () => ACCES }), CODES.prohibited);
  equal(code({ sock_connect: () => REFUSED }), CODES.refused);
  equal(code({ sock_addr_remote: () => 53, sock_recv: () => REFUSED }), CODES.refused);
  equal(code({ poll_oneoff(from, to, count, events) { this.setU32(events, 0); } }), CODES.connect);
  equal(code({}, [RESET]), CODES.terminated);
  equal(code({}, [INTR, ""]), CODES.incomplete);
  equal(code({ fd_write: () => PIPE }), CODES.incomplete, "the server may have answered");
  const answered = client([["HTTP/1.1 413 \r\n\r\n"]], { changed: { fd_write: () => PIPE } });
  equal(whole(answered.guest, sent(answered.guest)).status, 413);
});

test("times for the first byte and between bytes", () => {
  for (const [parts, code, error] of [
    [[AGAIN], CODES.timeout],
    [[OK, AGAIN], CODES.timeout],
    [[`${OK}Content-Length: 9\r\n\r\n123`, ...Array(9).fill(AGAIN)], undefined, CODES.timeout],
  ]) {
    let now = 0n;
    const { guest } = client([[...parts, ...Array(50).fill(AGAIN)]], {
      changed: {
        clock_time_get(clock, precision, result) { this.setU64(result, (now += 1_000_000n)); },
        poll_oneoff(from, to, count, events) {
          // Only what waits to be written is ready.
          let ready = 0;
          for (let i = 0; i < count; i += 1) {
            if (this.u32(from + 48 * i + 8) === 0) now += this.u64(from + 48 * i + 24);
            if (this.u32(from + 48 * i + 8) !== 2) continue;
            this.setU64(to, this.u64(from + 48 * i));
            new Uint8Array(this.memory.buffer).fill(0, to + 8, to + 32);
            ready += 1;
          }
          this.setU32(events, ready);
        },
      },
    });
    const options = guest.call(http("[constructor]request-options"));
    guest.call(http("[method]request-options.set-first-byte-timeout"), options, 1, 50_000_000n);
    guest.call(http("[method]request-options.set-between-bytes-timeout"), options, 1, 50_000_000n);
    guest.get(HANDLE, made(guest), 1, options);
    const found = whole(guest, guest.u32(OUT + 8));
    deepEqual([found.code, found.error], [code, error]);
    ok(now < 400_000_000n, `${now}`);
    nothingIsLeft(guest);
  }
});

/** Responses, and what a guest sees of them: an error, or the body, its error and the number of trailers. */
const RESPONSES = [
  [`${OK}\r\nuntil the end`, { text: "until the end" }],
  ["HTTP/1.0 200 OK\r\n\r\nuntil the end", { text: "until the end" }],
  [`${OK}Content-Length: 3\r\n\r\nabcdef`, { text: "abc" }],
  [`${OK}Content-Length: 0\r\n\r\nabcdef`, { text: "" }],
  [`${OK}Content-Length: 9\r\n\r\nabc`, { text: "abc", error: CODES.incomplete }],
  [`${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0002;x="y"\r\nde\r\n0\r\n\r\nmore`, { text: "abcde" }],
  [`${OK}Transfer-Encoding: chunked\r\n\r\nA \r\n0123456789\r\n0\r\na: b\r\nContent-Length: 3\r\nHost: x\r\nc:\r\n\r\n`,
    { text: "0123456789", trailers: 2 }],
  ["HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 \r\n\r\nx", { text: "x" }],
  ["HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", { text: "", status: 204 }],
  ["HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\nabc", { text: "", status: 304 }],
  [`${OK}a: b\n\nx`, { text: "x" }],
  ["HTTP/1.1 200\r\n\r\nx", { text: "x" }],
  // What is no HTTP.
  ["", CODES.incomplete],
  ["HTTP/1.1 200", CODES.incomplete],
  [`${OK}a: b\r\n`, CODES.incomplete],
  ["\r\n", CODES.protocol],
  ["hello\r\n\r\n", CODES.protocol],
  ["HTTP/2.0 200 \r\n\r\n", CODES.protocol],
  ["HTTP/1.2 200 \r\n\r\n", CODES.protocol],
  ["http/1.1 200 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1 20 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1 099 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1 2000 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1  200 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1 101 \r\n\r\n", CODES.protocol],
  ["HTTP/1.1 200 a\0\r\n\r\n", CODES.protocol],
  [`${OK}a\r\n\r\n`, CODES.protocol],
  [`${OK}: a\r\n\r\n`, CODES.protocol],
  [`${OK}a : b\r\n\r\n`, CODES.protocol],
  [`${OK}a: b\r\n c\r\n\r\n`, CODES.protocol],
  [`${OK}a: b\rc\r\n\r\n`, CODES.protocol],
  [`${OK}a: b\x7f\r\n\r\n`, CODES.protocol],
  // Lengths that are none, and two of them.
  [`${OK}Content-Length: -1\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length: +1\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length:\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length: 1, 1\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length: 18446744073709551616\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length: 99999999999999999999999999\r\n\r\n`, CODES.protocol],
  [`${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, CODES.protocol],
  [`${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`, CODES.protocol],
  [`${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, CODES.protocol],
  [`${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, CODES.protocol],
  ["HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", CODES.protocol],
  [`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, CODES.coding],
  [`${OK}Transfer-Encoding: identity\r\n\r\n`, CODES.coding],
  [`${OK}Transfer-Encoding: xchunked\r\n\r\n`, CODES.coding],
];
for (const chunk of ["", "\r\n", "g\r\n", "-1\r\n", " 1\r\na", "0x1\r\na", "1\na", "1\r\nab", "1\r\na\n", "1\r\na\rb", "1;\n", "1 \n",
  "11111111111111111\r\na", "00000000000000001\r\na", "0\r\n\0: a\r\n\r\n", "0\r\na: b\r\n", "0\r\na\r\n\r\n", `0\r\n${"a: b\r\n".repeat(300)}\r\n`,
  `1;${"x".repeat(17000)}\r\na`, `0\r\na: ${"b".repeat(5000)}\r\n\r\n`]) {
  const ended = ["", "0\r\na: b\r\n"].includes(chunk);
  const large = chunk.length > 1000 && chunk[0] === "0";
  const error = ended ? CODES.incomplete : large ? CODES.trailers : CODES.protocol;
  RESPONSES.push([`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nA\r\n${chunk}`, { text: "*", error }]);
}

test("responses of every kind, in any parts", () => {
  for (const [text, wanted] of RESPONSES) {
    for (const size of [1, 2, 3, 7, 500, 100_000]) {
      if (text.length / size > 3000) continue;
      const parts = [];
      for (let i = 0; i < text.length; i += size) parts.push(text.slice(i, i + size), AGAIN);
      const { guest } = client([parts]);
      const found = whole(guest, sent(guest));
      nothingIsLeft(guest);
      if (typeof wanted === "number") {
        equal(found.code, wanted, JSON.stringify(text));
        continue;
      }
      const all = { status: 200, error: undefined, trailers: 0, ...wanted };
      if (wanted.text === "*") found.text = "*";
      deepEqual(found, all, `${JSON.stringify(text.slice(0, 200))} by ${size}`);
    }
  }
});

test("a head takes at most a quarter of the pool, whatever it is made of, and an endless one ends", () => {
  const endless = (line) => {
    const { guest, left } = client([[OK]], { changed: {
      fd_read(fd, at, count, read) {
        const [[to, length]] = this.vectors(at, count);
        const first = left[0].shift() ?? "";
        const text = (first + line.repeat(Math.ceil(length / line.length))).slice(0, length);
        this.put(to, Buffer.from(text, "latin1"));
        this.setU32(read, text.length);
      },
    } });
    const found = whole(guest, sent(guest));
    nothingIsLeft(guest);
    return found.code;
  };
  equal(endless("x"), CODES.head);
  equal(endless("a: b\r\n"), CODES.head);
  equal(endless(`a: ${"b".repeat(100)}\r\n`), CODES.head);
  const { guest } = client([[`${OK}a: ${"x".repeat(5000)}\r\n\r\n`]]);
  equal(whole(guest, sent(guest)).code, CODES.head);
  const informal = client([["HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)]]);
  equal(whole(informal.guest, sent(informal.guest)).code, CODES.head);
  // Whatever room there is, nothing traps: the request has none, or the head, or it is all right.
  const seen = new Set();
  for (let maxHttp = 256; maxHttp <= 2048; maxHttp += 12) {
    const head = `${OK}${"name: a value\r\n".repeat(9)}\r\nbody`;
    const { guest } = client([[head.slice(0, 70), head.slice(70)]], { maxHttp });
    const found = whole(guest, sent(guest));
    seen.add(found.code ?? found.text);
  }
  deepEqual([...seen].sort(), [CODES.head, "body"].sort());
});

test("a head in a pool that the program has filled is an error, or fits", () => {
  const seen = new Set();
  for (let filled = 2700; filled < 3960; filled += 1) {
    const { guest } = client([[OK, "a:\r\n".repeat(9), "b: c\r\nd", "e:\r\nf", "g: hi\r\n\r\nbo", "dy"]]);
    const fields = guest.call(http("[constructor]fields"));
    guest.get(http("[method]fields.append"), fields, "filled", "x".repeat(filled));
    const handle = made(guest);
    guest.get(HANDLE, handle, 0, 0);
    if (guest.u8(OUT) === 1) {
      seen.add(guest.u8(OUT + 8));
      continue;
    }
    const found = whole(guest, guest.u32(OUT + 8));
    seen.add(found.code ?? found.text);
    guest.call(http("[resource-drop]fields"), fields);
    nothingIsLeft(guest);
  }
  deepEqual([...seen].sort(), [21, CODES.head, "body"].sort());
});

test("a program can pass the largest head on", () => {
  let most = 0;
  for (let lines = 1; lines < 100; lines += 1) {
    const { guest } = client([[`${OK}${"a: b\r\n".repeat(lines)}\r\n`]]);
    const { code, response } = waited(guest, sent(guest));
    if (code !== undefined) break;
    const fields = guest.call(http("[method]incoming-response.headers"), response);
    const copy = guest.call(http("[method]fields.clone"), fields);
    guest.call(http("[constructor]outgoing-response"), copy);
    most = lines;
  }
  ok(most > 40 && most < 60, `${most}`);
});

test("anything that a server says is a response or an error", () => {
  let seed = 12345;
  const random = (below) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  const good = RESPONSES.map(([text]) => text).filter((text) => text.length < 400);
  const letters = ["\0", "\n", "\r", " ", "0", "9", ":", "f", "\x7f", "\xff", "\r\n", "Content-Length: 5\r\n", "5\r\n"];
  for (let round = 0; round < 3000; round += 1) {
    let text = good[random(good.length)];
    for (let i = random(4); i >= 0; i -= 1) {
      const at = random(text.length + 1);
      const cut = random(3) === 0 ? random(8) : random(2);
      text = text.slice(0, at) + letters[random(letters.length)] + text.slice(at + cut);
    }
    const parts = [];
    for (let i = 0; i < text.length;) {
      const size = 1 + random(random(2) ? 4 : 200);
      parts.push(text.slice(i, i + size));
      if (random(3) === 0) parts.push(AGAIN);
      i += size;
    }
    const { guest, closed } = client([parts]);
    const found = whole(guest, sent(guest));
    ok(found.code === undefined || Object.values(CODES).includes(found.code), `${found.code}`);
    nothingIsLeft(guest);
    deepEqual(closed, [0]);
  }
});

test("a body goes out with its length, in chunks, or both halves of it", () => {
  const { guest, said } = client([[`${OK}\r\n`], [`${OK}\r\n`]]);
  const handle = made(guest, 2);
  guest.get(request("body"), handle);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.get(output("write"), stream, "early");
  const answer = sent(guest, handle);
  guest.get(output("check-write"), stream);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 4096n]);
  guest.get(output("blocking-write-and-flush"), stream, "late");
  guest.get(output("write-zeroes"), stream, 300n);
  guest.get(output("write"), stream, "");
  equal(guest.u8(OUT), 0);
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  equal(guest.u8(OUT), 0);
  const head = "POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  const zeroes = `00000100\r\n${"\0".repeat(256)}\r\n0000002C\r\n${"\0".repeat(44)}\r\n`;
  equal(said[0], `${head}00000005\r\nearly\r\n00000004\r\nlate\r\n${zeroes}0\r\n\r\n`);
  equal(whole(guest, answer).status, 200);
  nothingIsLeft(guest);
});

test("a body that is not finished, or too long for the pool before it is sent", () => {
  const { guest, closed } = client([[]]);
  const handle = made(guest, 2);
  guest.get(request("body"), handle);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.get(output("write"), stream, "x".repeat(4000));
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0], "no room");
  const answer = sent(guest, handle);
  guest.call(http("[resource-drop]outgoing-body"), body);
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
  equal(whole(guest, answer).code, CODES.protocol);
  deepEqual(closed, [0]);
});

test("writes are repeated, and a server that stops to listen closes the stream", () => {
  const errors = [AGAIN, INTR];
  let broken = false;
  const { guest, said } = client([[`${OK}\r\nanswer`]], { changed: {
    fd_write(fd, at, count, written) {
      if (broken) return PIPE;
      if (errors.length !== 0) return errors.pop();
      const text = this.gathered(at, count).slice(0, 9);
      said[fd - 1000] += text;
      this.setU32(written, text.length);
    },
  } });
  const handle = made(guest, 2);
  guest.get(request("body"), handle);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  const answer = sent(guest, handle);
  guest.get(output("blocking-write-and-flush"), stream, "hello");
  ok(said[0].endsWith("\r\n\r\n00000005\r\nhello\r\n"));
  broken = true;
  guest.get(output("write"), stream, "more");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
  guest.get(http("http-error-code"), guest.u32(OUT + 8));
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, CODES.terminated]);
  guest.get(output("check-write"), stream);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 8)], [1, 1]);
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  equal(whole(guest, answer).text, "answer");
});

test("handles of one kind are not those of another, and what is looked at is not given away", () => {
  const { guest } = client([[`${OK}a: b\r\n\r\n`]]);
  const handle = made(guest);
  const headers = guest.call(request("headers"), handle);
  ok(traps(() => guest.get(HANDLE, handle, 0, 0)));
  guest.call(http("[resource-drop]fields"), headers);
  const answer = sent(guest, handle);
  ok(traps(() => guest.get(HANDLE, handle, 0, 0)), "it is gone");
  ok(traps(() => guest.get(request("method"), handle - 1)));
  ok(traps(() => guest.call(http("[method]incoming-response.status"), answer)));
  const { response } = waited(guest, answer);
  const fields = guest.call(http("[method]incoming-response.headers"), response);
  guest.get(http("[method]fields.append"), fields, "c", "d");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 1)], [1, 2], "immutable");
  ok(traps(() => guest.call(http("[resource-drop]incoming-response"), response)));
});

test("where the request goes", () => {
  const code = (authority) => {
    const { guest } = client([[`${OK}\r\n`]]);
    guest.get(HANDLE, made(guest, 0, authority), 0, 0);
    return guest.u8(OUT) ? guest.u8(OUT + 8) : undefined;
  };
  for (const good of ["127.0.0.1", "127.0.0.1:", "127.0.0.1:65535", "[::1]", "[::1]:80"]) equal(code(good), undefined, good);
  for (const bad of [":80", "a:0", "a:65536", "a:x", "a:80:80", "a/b", "a?b", "a#b", "u@a", "[::1", "[]", "[::1]80", "a%20", "\u{e9}",
    "x".repeat(254), "::1"]) equal(code(bad), CODES.uri, bad);
});

test("the addresses of a name are tried in turn, as many as there is room for", () => {
  const connect = [REFUSED, ACCES, 0];
  const resolve = {
    sock_addr_resolve(host, service, hints, infos, most, found) {
      equal(this.text(host, 5), "name\0");
      for (let i = 0; i < 3; i += 1) {
        this.setU32(infos + 28 * i, 0);
        this.put(infos + 28 * i + 4, Buffer.from([127, 0, 0, i + 1]));
      }
      this.setU32(found, 3);
    },
  };
  const seen = [];
  const { guest, closed } = client([[], [], [`${OK}\r\n`]], { changed: {
    ...resolve,
    sock_connect(fd, at) {
      seen.push([this.u8(at + 7), this.u8(at + 8) + 256 * this.u8(at + 9)]);
      return connect.shift();
    },
  } });
  equal(whole(guest, sent(guest, made(guest, 0, "name:81"))).status, 200);
  deepEqual(seen, [[1, 81], [2, 81], [3, 81]]);
  deepEqual(closed, [0, 1, 2]);
  nothingIsLeft(guest);
  const few = client([[`${OK}\r\n`]], { maxHandles: 6, changed: resolve });
  equal(whole(few.guest, sent(few.guest, made(few.guest, 0, "name"))).status, 200);
});
