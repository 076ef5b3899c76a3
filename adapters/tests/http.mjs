// `wasi:http/types`: fields and messages are data.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Guest, OUT, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const http = (name) => `wasi:http/types@0.2#${name}`;
const field = (name) => http(`[method]fields.${name}`);
const request = (name) => http(`[method]outgoing-request.${name}`);

/** The list of strings at `at`, or of pairs of them. */
function strings(guest, at, width = 1) {
  const [list, count] = [guest.u32(at), guest.u32(at + 4)];
  return Array.from({ length: count }, (_, i) => {
    const parts = Array.from({ length: width }, (_, j) => guest.string(list + (i * width + j) * 8));
    return width === 1 ? parts[0] : parts;
  });
}

function append(guest, fields, name, value) {
  guest.get(field("append"), fields, name, value);
  return guest.u8(OUT) && guest.u8(OUT + 1) + 1;
}

test("fields keep their order, and names have no case", () => {
  const guest = new Guest();
  const fields = guest.call(http("[constructor]fields"));
  for (const [name, value] of [["A", "1"], ["b", "x"], ["a", "2"], ["c", ""]]) {
    equal(append(guest, fields, name, value), 0);
  }
  guest.get(field("get"), fields, "A");
  deepEqual(strings(guest, OUT), ["1", "2"]);
  guest.get(field("entries"), fields);
  deepEqual(strings(guest, OUT, 2), [["a", "1"], ["b", "x"], ["a", "2"], ["c", ""]]);
  equal(guest.call(field("has"), fields, "B"), 1);
  equal(guest.call(field("has"), fields, "bb"), 0);
  const copy = guest.call(field("clone"), fields);
  guest.get(field("delete"), fields, "a");
  equal(guest.u8(OUT), 0);
  guest.get(field("entries"), fields);
  deepEqual(strings(guest, OUT, 2), [["b", "x"], ["c", ""]]);
  guest.get(field("get"), copy, "a");
  deepEqual(strings(guest, OUT), ["1", "2"]);
  guest.call(http("[resource-drop]fields"), fields);
  guest.get(field("entries"), copy);
  equal(strings(guest, OUT, 2).length, 4);
  ok(traps(() => guest.call(field("has"), fields, "a")));
});

test("names and values that would break a message are invalid syntax", () => {
  const guest = new Guest();
  const fields = guest.call(http("[constructor]fields"));
  for (const [name, value] of [["", "x"], ["a b", "x"], ["a:", "x"], ["ä", "x"], ["a", "x\n"], ["a", "\0"]]) {
    equal(append(guest, fields, name, value), 1, JSON.stringify([name, value]));
  }
  equal(append(guest, fields, "!#$%&'*+-.^_`|~09azAZ", "\t ä"), 0);
});

test("fields are set as a whole, and made of a list", () => {
  const guest = new Guest();
  const at = 0x800;
  guest.put(at, Buffer.from("nameonetwo"));
  for (const [i, word] of [[0, at], [1, 4], [2, at + 4], [3, 3], [4, at], [5, 4], [6, at + 7], [7, 3]]) {
    guest.setU32(0x900 + 4 * i, word);
  }
  guest.get(http("[static]fields.from-list"), 0x900, 2);
  equal(guest.u8(OUT), 0);
  const fields = guest.u32(OUT + 4);
  guest.get(field("entries"), fields);
  deepEqual(strings(guest, OUT, 2), [["name", "one"], ["name", "two"]]);
  guest.setU32(0x908, at + 7);
  guest.setU32(0x90c, 3);
  guest.get(field("set"), fields, "name", 0x908, 1);
  guest.get(field("entries"), fields);
  deepEqual(strings(guest, OUT, 2), [["name", "two"]]);
  guest.setU32(0x904, 0);
  guest.get(http("[static]fields.from-list"), 0x900, 2);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4)], [1, 0]);
});

test("a request keeps what it is given, and its headers are immutable", () => {
  const guest = new Guest();
  const fields = guest.call(http("[constructor]fields"));
  append(guest, fields, "k", "v");
  const handle = guest.call(http("[constructor]outgoing-request"), fields);
  ok(traps(() => guest.call(field("has"), fields, "k")), "the fields are the request's now");
  guest.get(request("method"), handle);
  equal(guest.u8(OUT), 0);
  equal(guest.call(request("set-method"), handle, 9, "PURGE"), 0);
  guest.get(request("method"), handle);
  deepEqual([guest.u8(OUT), guest.string(OUT + 4)], [9, "PURGE"]);
  equal(guest.call(request("set-method"), handle, 9, "P U"), 1);
  for (const name of ["path-with-query", "authority"]) {
    guest.get(request(name), handle);
    equal(guest.u8(OUT), 0);
    equal(guest.call(request(`set-${name}`), handle, 1, `/${name}?`), 0);
    equal(guest.call(request(`set-${name}`), handle, 1, "a b"), 1);
    guest.get(request(name), handle);
    deepEqual([guest.u8(OUT), guest.string(OUT + 4)], [1, `/${name}?`]);
  }
  equal(guest.call(request("set-scheme"), handle, 1, 2, "ftp"), 0);
  guest.get(request("scheme"), handle);
  deepEqual([guest.u8(OUT), guest.u8(OUT + 4), guest.string(OUT + 8)], [1, 2, "ftp"]);
  equal(guest.call(request("set-scheme"), handle, 0, 0, 0, 0), 0);
  guest.get(request("scheme"), handle);
  equal(guest.u8(OUT), 0);
  const headers = guest.call(request("headers"), handle);
  equal(append(guest, headers, "x", "y"), 3);
  guest.get(field("get"), headers, "k");
  deepEqual(strings(guest, OUT), ["v"]);
  ok(traps(() => guest.call(http("[resource-drop]outgoing-request"), handle)), "its headers are in use");
  guest.call(http("[resource-drop]fields"), headers);
  guest.call(http("[resource-drop]outgoing-request"), handle);
  equal(guest.u32(guest.places[0] + guest.size - 4096), 0, "the pool is empty");
});

test("a body can be had once, and so can its stream, which takes everything", () => {
  const guest = new Guest();
  const response = guest.call(http("[constructor]outgoing-response"), guest.call(http("[constructor]fields")));
  equal(guest.call(http("[method]outgoing-response.status-code"), response), 200);
  equal(guest.call(http("[method]outgoing-response.set-status-code"), response, 404), 0);
  equal(guest.call(http("[method]outgoing-response.set-status-code"), response, 99), 1);
  equal(guest.call(http("[method]outgoing-response.status-code"), response), 404);
  guest.get(http("[method]outgoing-response.body"), response);
  equal(guest.u8(OUT), 0);
  const body = guest.u32(OUT + 4);
  guest.get(http("[method]outgoing-response.body"), response);
  equal(guest.u8(OUT), 1);
  guest.get(http("[method]outgoing-body.write"), body);
  const stream = guest.u32(OUT + 4);
  guest.get(output("blocking-write-and-flush"), stream, "hello");
  equal(guest.u8(OUT), 0);
  const ready = guest.call(output("subscribe"), stream);
  ok(ready !== 0);
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", stream);
  guest.get(http("[static]outgoing-body.finish"), body, 0, 0);
  equal(guest.u8(OUT), 0);
  deepEqual(guest.calls, [], "the host has nothing to do with it");
});

test("timeouts of request options", () => {
  const guest = new Guest();
  const options = guest.call(http("[constructor]request-options"));
  for (const [index, name] of ["connect", "first-byte", "between-bytes"].entries()) {
    const timeout = http(`[method]request-options.${name}-timeout`);
    const set = http(`[method]request-options.set-${name}-timeout`);
    guest.get(timeout, options);
    equal(guest.u8(OUT), 0);
    equal(guest.call(set, options, 1, BigInt(index) + 5n), 0);
    guest.get(timeout, options);
    deepEqual([guest.u8(OUT), guest.u64(OUT + 8)], [1, BigInt(index) + 5n]);
    guest.call(set, options, 0, 0n);
    guest.get(timeout, options);
    equal(guest.u8(OUT), 0);
  }
});

test("a full pool says which option sizes it", () => {
  let said = "";
  const guest = new Guest({
    fd_write(fd, at, count) { said += `${fd}:${this.gathered(at, count)}`; },
  }, { maxHttp: 4096 });
  const fields = guest.call(http("[constructor]fields"));
  const value = "x".repeat(1000);
  for (let i = 0; i < 4; i += 1) equal(append(guest, fields, "a", value), 0);
  ok(traps(() => append(guest, fields, "a", value)));
  equal(said, "2:p1bridge: out of room: see --max-http\n");
});

test("what only a host could make does not exist", () => {
  const guest = new Guest();
  const fields = guest.call(http("[constructor]fields"));
  ok(traps(() => guest.call(http("[method]incoming-request.headers"), fields)));
  ok(traps(() => guest.call(http("[method]future-incoming-response.get"), fields, OUT)));
});
