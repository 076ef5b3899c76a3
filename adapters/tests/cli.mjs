import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { host } from "./disk.mjs";
import { Guest, OUT, fs, names, output, traps } from "./harness.mjs";
import { test } from "./suite.mjs";

const environment = (name) => `wasi:cli/environment@0.2#${name}`;

/** Host functions for a list of strings, each given as bytes. */
function strings(prefix, list) {
  const size = list.reduce((sum, item) => sum + item.length + 1, 0);
  return {
    [`${prefix}_sizes_get`](count, bytes) {
      this.setU32(count, list.length);
      this.setU32(bytes, size);
    },
    [`${prefix}_get`](pointers, buffer) {
      for (const [i, item] of list.entries()) {
        this.setU32(pointers + i * 4, buffer);
        this.put(buffer, [...item, 0]);
        buffer += item.length + 1;
      }
    },
  };
}

test("get-arguments gives each string memory of its own", () => {
  const guest = new Guest(strings("args", ["prog", "", "ä b"].map((s) => Buffer.from(s))));
  guest.get(environment("get-arguments"));
  const list = guest.u32(OUT);
  equal(guest.u32(OUT + 4), 3);
  equal(guest.live.get(list), 24);
  deepEqual([0, 8, 16].map((o) => guest.string(list + o)), ["prog", "", "ä b"]);
  equal(guest.live.size, 3);
});

test("arguments that are not UTF-8 become U+FFFD, one for each longest bad run", () => {
  const bad = [
    [[0x61, 0xff, 0x62], "a\ufffdb"],
    [[0xe2, 0x82], "\ufffd"],
    [[0xc0, 0xaf], "\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
    [[0xf0, 0x9f, 0x98, 0x80], "\u{1f600}"],
    [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
    [[0xf1, 0x80, 0x80, 0x41], "\ufffdA"],
  ];
  const guest = new Guest(strings("args", bad.map(([bytes]) => bytes)));
  guest.get(environment("get-arguments"));
  const list = guest.u32(OUT);
  deepEqual(bad.map((_, i) => guest.string(list + i * 8)), bad.map(([, text]) => text));
});

test("a host that ends its pointers with a null overwrites nothing", () => {
  const host = strings("args", ["prog", "x"].map((s) => Buffer.from(s)));
  const get = host.args_get;
  host.args_get = function (pointers, buffer) {
    get.call(this, pointers, buffer);
    this.setU32(pointers + 8, 0);
  };
  const guest = new Guest(host);
  guest.get(environment("get-arguments"));
  const list = guest.u32(OUT);
  deepEqual([0, 8].map((o) => guest.string(list + o)), ["prog", "x"]);
});

test("no arguments are an empty list", () => {
  const guest = new Guest(strings("args", []));
  guest.get(environment("get-arguments"));
  equal(guest.u32(OUT + 4), 0);
  equal(guest.live.size, 0);
});

test("get-environment splits at the first equals sign", () => {
  const big = "x".repeat(20000);
  const list = ["A=1", "B=x=y", "C=", "D", "=E", `F=${big}`];
  const guest = new Guest(strings("environ", list.map((s) => Buffer.from(s))));
  guest.get(environment("get-environment"));
  const at = guest.u32(OUT);
  const pairs = list.map((_, i) => [guest.string(at + i * 16), guest.string(at + i * 16 + 8)]);
  deepEqual(pairs, [["A", "1"], ["B", "x=y"], ["C", ""], ["D", ""], ["", "E"], ["F", big]]);
});

test("initial-cwd is none", () => {
  const guest = new Guest();
  equal(guest.u8(guest.get(environment("initial-cwd"))), 0);
});

test("exit gives 0 and 1, exit-with-code its code, and none returns", () => {
  const codes = [];
  const guest = new Guest({ proc_exit: (code) => void codes.push(code) });
  for (const [name, argument] of [["exit", 0], ["exit", 1], ["exit-with-code", 42], ["exit-with-code", 0x1ff]]) {
    ok(traps(() => guest.call(`wasi:cli/exit@0.2#${name}`, argument)));
  }
  ok(traps(() => guest.call("wasi:cli/exit@0.2#exit", 2)));
  deepEqual(codes, [0, 1, 42, 255]);
});

test("every get-stdout is a handle of its own, and dropping one closes nothing", () => {
  let written = "";
  const guest = new Guest({
    fd_write(fd, vectors, count, result) {
      written += `${fd}:${this.gathered(vectors, count)};`;
      this.setU32(result, this.vectors(vectors, count)[0][1]);
    },
  });
  const [one, two] = [1, 2].map(() => guest.call("wasi:cli/stdout@0.2#get-stdout"));
  const three = guest.call("wasi:cli/stderr@0.2#get-stderr");
  deepEqual([one, two, three], [1, 2, 3]);
  guest.call("wasi:io/streams@0.2#[resource-drop]output-stream", one);
  equal(guest.u8(guest.get(output("write"), two, "out")), 0);
  equal(guest.u8(guest.get(output("blocking-write-and-flush"), three, "err")), 0);
  equal(written, "1:out;2:err;");
  ok(traps(() => guest.get(output("write"), one, "x")));
});

test("a freed handle is the first to be given again", () => {
  const guest = new Guest();
  const handles = [1, 2, 3].map(() => guest.call("wasi:cli/stdin@0.2#get-stdin"));
  for (const handle of handles) guest.call("wasi:io/streams@0.2#[resource-drop]input-stream", handle);
  deepEqual([1, 2, 3, 4].map(() => guest.call("wasi:cli/stdin@0.2#get-stdin")), [3, 2, 1, 4]);
});

test("handles freed in any order are given again, the last one first, until the table is full", () => {
  const guest = new Guest({ fd_write() {} }, { maxHandles: 8 });
  const get = () => guest.call("wasi:cli/stdin@0.2#get-stdin");
  for (let i = 1; i <= 5; i += 1) equal(get(), i);
  for (const handle of [2, 5, 1, 4]) guest.call("wasi:io/streams@0.2#[resource-drop]input-stream", handle);
  deepEqual([4, 1].map(get), [4, 1]);
  guest.call("wasi:io/streams@0.2#[resource-drop]input-stream", 3);
  deepEqual([1, 2, 3, 4, 5, 6].map(get), [3, 5, 2, 6, 7, 8]);
  ok(traps(get));
});

test("a table that grows goes on where it was full", () => {
  const guest = new Guest({ fd_write() {} }, { maxHandles: 8 });
  const get = () => guest.call("wasi:cli/stdin@0.2#get-stdin");
  for (let i = 1; i <= 3; i += 1) equal(get(), i);
  for (const handle of [1, 3, 2]) guest.call("wasi:io/streams@0.2#[resource-drop]input-stream", handle);
  deepEqual([1, 2, 3, 4, 5, 6, 7, 8].map(get), [2, 3, 1, 4, 5, 6, 7, 8]);
  ok(traps(get));
});

test("a handle that is 0, unknown, freed or of another type traps", () => {
  const guest = new Guest();
  const stdin = guest.call("wasi:cli/stdin@0.2#get-stdin");
  for (const handle of [0, 2, 33, 0xffffffff, stdin]) {
    ok(traps(() => guest.get(output("check-write"), handle)), `handle ${handle}`);
    ok(traps(() => guest.call("wasi:io/error@0.2#[resource-drop]error", handle)), `handle ${handle}`);
  }
});

test("a full table says so on descriptor 2 and traps", () => {
  let said = "";
  const guest = new Guest({ fd_write(fd, v, n) { said += `${fd}:${this.gathered(v, n)}`; } }, { maxHandles: 2 });
  for (let i = 0; i < 2; i += 1) guest.call("wasi:cli/stdin@0.2#get-stdin");
  ok(traps(() => guest.call("wasi:cli/stdin@0.2#get-stdin")));
  equal(said, "2:p1bridge: out of room: see --max-handles\n");
});

test("a terminal is a character device without seek and tell", () => {
  const cases = [[2, 0n, 1], [2, 4n, 0], [2, 32n, 0], [4, 0n, 0], [0, 0n, 0]];
  for (const [type, rights, some] of cases) {
    const guest = new Guest({
      fd_fdstat_get(fd, at) {
        equal(fd, 1);
        this.setU64(at, BigInt(type));
        this.setU64(at + 8, rights);
      },
    });
    guest.get("wasi:cli/terminal-stdout@0.2#get-terminal-stdout");
    equal(guest.u8(OUT), some);
    if (some) guest.call("wasi:cli/terminal-output@0.2#[resource-drop]terminal-output", guest.u32(OUT + 4));
  }
  const guest = new Guest({ fd_fdstat_get: () => 8 });
  equal(guest.u8(guest.get("wasi:cli/terminal-stdin@0.2#get-terminal-stdin")), 0);
});

test("clocks: nanoseconds, a datetime, a trap where the host has none", () => {
  const time = {
    clock_time_get(id, precision, at) { this.setU64(at, id === 1 ? 7n : 1_700_000_000_123_456_789n); },
    clock_res_get(id, at) { this.setU64(at, id === 1 ? 1n : 2_000_000_003n); },
  };
  const guest = new Guest(time);
  equal(guest.call("wasi:clocks/monotonic-clock@0.2#now"), 7n);
  equal(guest.call("wasi:clocks/monotonic-clock@0.2#resolution"), 1n);
  guest.get("wasi:clocks/wall-clock@0.2#now");
  deepEqual([guest.u64(OUT), guest.u32(OUT + 8)], [1_700_000_000n, 123_456_789]);
  guest.get("wasi:clocks/wall-clock@0.2#resolution");
  deepEqual([guest.u64(OUT), guest.u32(OUT + 8)], [2n, 3]);
  ok(traps(() => new Guest({ clock_time_get: () => 28 }).call("wasi:clocks/monotonic-clock@0.2#now")));
});

test("the time zone is UTC", () => {
  const guest = new Guest();
  guest.get("wasi:clocks/timezone@0.2#display", 1n, 2);
  deepEqual([guest.u32(OUT), guest.string(OUT + 4), guest.u8(OUT + 12)], [0, "UTC", 0]);
  equal(guest.call("wasi:clocks/timezone@0.2#utc-offset", 1n, 2), 0);
});

test("random bytes go straight to the guest's memory; no bytes, no call; an error traps", () => {
  const guest = new Guest({ random_get(at, length) { this.put(at, Array(length).fill(0x5a)); } });
  guest.get("wasi:random/random@0.2#get-random-bytes", 5n);
  equal(guest.string(OUT), "ZZZZZ");
  guest.calls = [];
  guest.get("wasi:random/insecure@0.2#get-insecure-random-bytes", 0n);
  deepEqual([guest.u32(OUT + 4), guest.calls], [0, []]);
  equal(guest.call("wasi:random/random@0.2#get-random-u64"), 0x5a5a5a5a5a5a5a5an);
  ok(traps(() => new Guest({ random_get: () => 29 }).call("wasi:random/random@0.2#get-random-u64")));
  ok(traps(() => guest.get("wasi:random/random@0.2#get-random-bytes", 1n << 32n)));
});

test("insecure-seed is drawn once", () => {
  let drawn = 0;
  const guest = new Guest({ random_get(at) { drawn += 1; this.setU64(at, 3n); this.setU64(at + 8, 4n); } });
  for (let i = 0; i < 2; i += 1) {
    guest.get("wasi:random/insecure-seed@0.2#insecure-seed");
    deepEqual([guest.u64(OUT), guest.u64(OUT + 8)], [3n, 4n]);
  }
  equal(drawn, 1);
});

test("a misaligned return pointer traps", () => {
  const guest = new Guest({ clock_time_get() {} });
  ok(traps(() => guest.call("wasi:clocks/wall-clock@0.2#now", OUT + 4)));
});

test("a return pointer that is misaligned or outside the memory traps", () => {
  const { guest, base, opened } = host({ path_filestat_get() {}, fd_filestat_get() {} });
  const end = guest.memory.buffer.byteLength;
  for (const at of [OUT + 1, OUT + 2, OUT + 3, end - 4, end, 0xfffffff0, 0xfffffff7, 0xfffffff8, 0xfffffffc, 0xffffffff]) {
    ok(traps(() => guest.call(fs("open-at"), base, 0, "f", 0, 1, at)), `open-at ${at}`);
    ok(traps(() => guest.call(fs("stat-at"), base, 0, "f", at)), `stat-at ${at}`);
    ok(traps(() => guest.call(fs("stat"), base, at)), `stat ${at}`);
  }
  equal(opened.length, 0, "the host is not asked to open what nobody could close");
});

/** The names that a WIT file asks for. */
function functions(file) {
  const text = readFileSync(new URL(`../../wit/wasi-0.2/${file}`, import.meta.url), "utf8");
  const wanted = [];
  let [iface, resource] = ["", ""];
  for (const line of text.split("\n")) {
    const [, word, name] = line.match(/^\s*(interface|resource) ([a-z0-9-]+)/) ?? [];
    if (word === "interface") iface = `wasi:${file.split("/")[0]}/${name}@0.2#`;
    if (word === "resource") {
      resource = name;
      wanted.push(`${iface}[resource-drop]${name}`);
    }
    const [, indent, func, isStatic] = line.match(/^(\s+)%?([a-z0-9-]+): (static )?func\(/) ?? [];
    const depth = file.startsWith("http/") ? 2 : 4;
    const kind = isStatic ? "static" : "method";
    if (func) wanted.push(indent.length > depth ? `${iface}[${kind}]${resource}.${func}` : iface + func);
    if (/^\s+constructor\(/.test(line)) wanted.push(`${iface}[constructor]${resource}`);
  }
  return wanted;
}

test("every function of the packages is there", () => {
  const files = ["cli/environment", "cli/exit", "cli/stdio", "cli/terminal", "clocks/monotonic-clock",
    "clocks/timezone", "clocks/wall-clock", "filesystem/preopens", "filesystem/types", "io/error",
    "io/poll", "io/streams", "random/insecure-seed", "random/insecure", "random/random", "sockets/instance-network",
    "sockets/ip-name-lookup", "sockets/network", "sockets/tcp-create-socket", "sockets/tcp",
    "sockets/udp-create-socket", "sockets/udp", "http/types", "http/handler"];
  const all = files.flatMap((file) => functions(`${file}.wit`));
  const wanted = all.filter((name) => !name.startsWith("wasi:http/incoming-handler"));
  equal(wanted.length, 204);
  deepEqual(names.filter((name) => name.startsWith("wasi:")).sort(), wanted.sort());
});
