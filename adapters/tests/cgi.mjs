// `p1bridge:http/exchange`: a request of CGI, and faults of a host while it is read and answered.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, input, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const http = (name) => `wasi:http/types@0.2#${name}`;
const exchange = (name) => `p1bridge:http/exchange@0.1#${name}`;
const [AGAIN, INTR, IO, PIPE] = [6, 27, 29, 64];
const GET = ["REQUEST_METHOD=GET", "REQUEST_URI=/a?b", "HTTP_HOST=h"];

/** A guest whose host has these variables, `body` as standard input, and changes of its functions. */
function cgi(variables, { body = "", changed = {}, ...options } = {}) {
  const strings = variables.map((text) => (typeof text === "string" ? Buffer.from(text) : text));
  const said = { 1: "", 2: "" };
  let left = Buffer.from(body);
  const guest = new Guest(
    {
      environ_sizes_get(count, size) {
        this.setU32(count, strings.length);
        this.setU32(size, strings.reduce((sum, text) => sum + text.length + 1, 0));
      },
      environ_get(pointers, buffer) {
        for (const [i, text] of strings.entries()) {
          this.setU32(pointers + 4 * i, buffer);
          this.put(buffer, Buffer.concat([text, Buffer.of(0)]));
          buffer += text.length + 1;
        }
        // As WAMR does.
        this.setU32(pointers + 4 * strings.length, 0);
      },
      fd_write(fd, at, count, written) {
        const text = this.gathered(at, count);
        said[fd] += text;
        this.setU32(written, text.length);
      },
      fd_read(fd, at, count, read) {
        equal(fd, 0);
        const [[to, length]] = this.vectors(at, count);
        const part = left.subarray(0, length);
        left = left.subarray(length);
        this.put(to, part);
        this.setU32(read, part.length);
      },
      ...changed,
    },
    { stdout: 2, parts: ["asked"], ...options },
  );
  return { guest, said };
}

/** The text of an `option<string>` of the request. */
function part(guest, request, name) {
  guest.get(http(`[method]incoming-request.${name}`), request);
  return guest.u8(OUT) ? guest.string(OUT + 4) : null;
}

/** Answers with a status, and a body that is not finished; gives its stream. */
function respond(guest, outparam, status = 200) {
  const response = guest.call(http("[constructor]outgoing-response"), guest.call(http("[constructor]fields")));
  guest.call(http("[method]outgoing-response.set-status-code"), response, status);
  guest.get(http("[method]outgoing-response.body"), response);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.call(http("[static]response-outparam.set"), outparam, 0, response, 0, 0n, 0, 0, 0, 0);
  return { body, stream, response };
}

test("a request of CGI has the parts of its variables, and its answer is written as it is made", () => {
  const { guest, said } = cgi([...GET, "HTTP_A_B=c", "no value", "=", ""]);
  equal(guest.call(exchange("begin")), 1);
  const request = guest.call(exchange("request"));
  const outparam = guest.call(exchange("outparam"));
  deepEqual([part(guest, request, "path-with-query"), part(guest, request, "authority")], ["/a?b", "h"]);
  guest.get(http("[method]incoming-request.scheme"), request);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
  const { body, stream } = respond(guest, outparam, 404);
  equal(said[1], "Status: 404 \r\n\r\n");
  guest.get(output("blocking-write-and-flush"), stream, "hello");
  equal(said[1], "Status: 404 \r\n\r\nhello");
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  guest.call(http("[resource-drop]incoming-request"), request);
  equal(guest.call(exchange("finish")), 0);
  equal(said[2], "");
  ok(traps(() => guest.call(exchange("begin"))), "there is one request");
});

test("a response goes once, and what is left of it is not the handler's any more", () => {
  const { guest } = cgi(GET);
  guest.call(exchange("begin"));
  const outparam = guest.call(exchange("outparam"));
  const { response, body, stream } = respond(guest, outparam);
  ok(traps(() => guest.call(http("[method]outgoing-response.status-code"), response)));
  ok(traps(() => guest.call(http("[static]response-outparam.set"), outparam, 1, 0, 0, 0n, 0, 0, 0, 0)));
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  guest.get(output("write"), stream, "late");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1], "closed");
  equal(guest.call(exchange("finish")), 0);
});

test("the body of a response that is dropped takes everything", () => {
  const { guest, said } = cgi(GET);
  guest.call(exchange("begin"));
  const response = guest.call(http("[constructor]outgoing-response"), guest.call(http("[constructor]fields")));
  guest.get(http("[method]outgoing-response.body"), response);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.get(output("write"), stream, "one");
  guest.call(http("[resource-drop]outgoing-response"), response);
  guest.get(output("write"), stream, "two");
  equal(guest.u8(OUT), 0);
  respond(guest, guest.call(exchange("outparam")));
  equal(said[1], "Status: 200 \r\n\r\n");
});

test("a body ends with its length, and a host that has less of it is an error", () => {
  const { guest } = cgi([...GET, "CONTENT_LENGTH=8"], { body: "12345" });
  guest.call(exchange("begin"));
  guest.get(http("[method]incoming-request.consume"), guest.call(exchange("request")));
  guest.get(http("[method]incoming-body.stream"), guest.u32(OUT + 4));
  const stream = guest.u32(OUT + 4);
  guest.get(input("read"), stream, 3n);
  equal(guest.string(OUT + 4), "123");
  guest.get(input("blocking-skip"), stream, 1n);
  deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [0, 1n]);
  guest.get(input("blocking-read"), stream, 100n);
  equal(guest.string(OUT + 4), "5");
  guest.get(input("blocking-read"), stream, 100n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0], "failed, not closed");
  guest.get(input("blocking-read"), stream, 100n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1], "closed");
  ok(guest.call(input("subscribe"), stream) !== 0);
});

test("reads of a body are repeated where the host wants that", () => {
  const answers = [AGAIN, INTR, 0];
  let polls = 0;
  const { guest } = cgi([...GET, "CONTENT_LENGTH=2"], {
    changed: {
      fd_read(fd, at, count, read) {
        const errno = answers.shift();
        this.setU32(read, errno ? 0 : 2);
        return errno;
      },
      poll_oneoff(from, to, count, events) {
        polls += 1;
        this.setU32(events, 0);
      },
    },
  });
  guest.call(exchange("begin"));
  guest.get(http("[method]incoming-request.consume"), guest.call(exchange("request")));
  guest.get(http("[method]incoming-body.stream"), guest.u32(OUT + 4));
  const stream = guest.u32(OUT + 4);
  guest.get(input("read"), stream, 9n);
  deepEqual([guest.u8(OUT), guest.u32(OUT + 8), polls, answers.length], [0, 2, 1, 0]);
  guest.get(input("read"), stream, 9n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1], "closed, without asking");
});

test("the head is written in parts where the host takes no more at once", () => {
  const answers = [AGAIN, INTR];
  let text = "";
  const { guest } = cgi(GET, {
    changed: {
      fd_write(fd, at, count, written) {
        equal(fd, 1);
        const errno = answers.shift() ?? 0;
        const first = errno ? "" : this.gathered(at, count).slice(0, 7);
        text += first;
        this.setU32(written, first.length);
        return errno;
      },
    },
  });
  guest.call(exchange("begin"));
  const { body } = respond(guest, guest.call(exchange("outparam")), 299);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  equal(text, "Status: 299 \r\n\r\n");
  equal(guest.call(exchange("finish")), 0);
});

test("nobody reads the answer: streams are closed, and the program fails", () => {
  const { guest } = cgi(GET, { changed: { fd_write: () => PIPE } });
  guest.call(exchange("begin"));
  const { body, stream } = respond(guest, guest.call(exchange("outparam")));
  guest.get(output("write"), stream, "x");
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1]);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  equal(guest.call(exchange("finish")), 1);
});

test("a host without an environment, and one that cannot write, are answered for", () => {
  const { guest, said } = cgi(GET, { changed: { environ_sizes_get: () => IO } });
  equal(guest.call(exchange("begin")), 0);
  equal(said[1], "Status: 500 \r\nContent-Type: text/plain\r\n\r\nno environment\n");
  equal(said[2], "p1bridge: no environment\n");
  const broken = cgi([], { changed: { fd_write: () => IO } }).guest;
  equal(broken.call(exchange("begin")), 0);
});

test("variables that are no text, and too many of them", () => {
  const answer = (variables, options) => {
    const { guest, said } = cgi(variables, options);
    const good = guest.call(exchange("begin"));
    return good ? guest.call(exchange("request")) && "good" : said[1].slice(8, 11);
  };
  const bytes = (name, ...more) => Buffer.concat([Buffer.from(name), Buffer.from(more)]);
  equal(answer(["REQUEST_METHOD=GET", bytes("REQUEST_URI=/", 0xff)]), "400");
  equal(answer(["REQUEST_METHOD=GET", bytes("REQUEST_URI=/", 0xc3, 0xa4)]), "good");
  equal(answer(["REQUEST_METHOD=GET", bytes("PATH_INFO=/", 0xff)]), "good", "it is encoded");
  equal(answer(["REQUEST_METHOD=GET", bytes("QUERY_STRING=", 0xff)]), "400");
  equal(answer([...GET, bytes("HTTP_X=", 0xff, 9, 0x80)]), "good", "a value is bytes");
  equal(answer([...GET, bytes("HTTP_X=", 0x7f)]), "400");
  equal(answer([bytes("REQUEST_METHOD=", 0xc3, 0xa4)]), "400");
  equal(answer(["REQUEST_METHOD=GET", bytes("HTTP_HOST=", 0xff)]), "400");
  // Whatever there is room for, the answer is one of these.
  const many = [...GET, ...Array.from({ length: 40 }, (_, i) => `HTTP_X_${i}=${"v".repeat(i)}`), "CONTENT_TYPE=a/b"];
  const seen = new Set();
  for (let maxHttp = 64; maxHttp <= 4096; maxHttp += 52) seen.add(answer(many, { maxHttp }));
  deepEqual([...seen].sort(), ["431", "good"]);
});

test("bytes before the response is set are kept while there is room", () => {
  const { guest, said } = cgi(GET, { maxHttp: 1024 });
  guest.call(exchange("begin"));
  const response = guest.call(http("[constructor]outgoing-response"), guest.call(http("[constructor]fields")));
  guest.get(http("[method]outgoing-response.body"), response);
  guest.get(http("[method]outgoing-body.write"), guest.u32(OUT + 4));
  const stream = guest.u32(OUT + 4);
  guest.get(output("write"), stream, "x".repeat(400));
  equal(guest.u8(OUT), 0);
  ok(traps(() => guest.get(output("write"), stream, "x".repeat(700))));
  equal(said[2], "p1bridge: out of room: see --max-http\n");
});

test("standard input of a handler has ended, and its standard output is standard error", () => {
  const { guest, said } = cgi(GET);
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  guest.get(input("blocking-read"), stdin, 9n);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 1]);
  guest.get(output("write"), guest.call("wasi:cli/stdout@0.2#get-stdout"), "x");
  deepEqual([said[1], said[2]], ["", "x"]);
});
