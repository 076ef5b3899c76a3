// Preview 1 for one program whose files are all in memory. It runs wherever WebAssembly does, browsers included.
//
// What a program cannot tell from a small disk is here: files, folders, standard streams, clocks, random bytes. What p1bridge
// does not use (links, sockets, times of files) is answered with the error ENOSYS. `witx/typenames.witx` has the numbers.

const E = { badf: 8, exist: 20, fault: 21, inval: 28, isdir: 31, noent: 44, nosys: 52, notdir: 54, notempty: 55, spipe: 70, notcapable: 76 };
const KIND = { unknown: 0, dir: 3, file: 4 };
const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const APPEND = 1;
const ROOT = 3;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** How a program ends that calls `proc_exit`. */
class Exit {
  constructor(code) {
    this.code = code;
  }
}

/** An error number that a function returns. */
class Errno {
  constructor(number) {
    this.number = number;
  }
}

const fail = (number) => {
  throw new Errno(number);
};

let inodes = 0n;
const folder = () => ({ inode: ++inodes, entries: new Map() });
const file = (bytes = new Uint8Array()) => ({ inode: ++inodes, bytes, size: bytes.length });

/** Bytes at `at` of a file, which grows as it has to. */
function write(node, at, bytes) {
  const end = at + bytes.length;
  if (end > node.bytes.length || !node.own) {
    const grown = new Uint8Array(Math.max(end, 2 * node.size));
    grown.set(node.bytes.subarray(0, node.size));
    // The caller's bytes stay as they are.
    Object.assign(node, { bytes: grown, own: true });
  }
  if (at > node.size) node.bytes.fill(0, node.size, at);
  node.bytes.set(bytes, at);
  node.size = Math.max(node.size, end);
}

/** The names that a path goes through; `..` may not leave the root. */
function names(path) {
  const through = [];
  for (const name of path.split('/')) {
    if (name === '..') through.length ? through.pop() : fail(E.notcapable);
    else if (name !== '' && name !== '.') through.push(name);
  }
  return through;
}

/** The folder that a path lies in, the last name of it, and what is there, if anything. */
function find(root, path) {
  const through = names(path);
  const last = through.pop();
  if (last === undefined) return { parent: root, name: '.', node: root };
  let parent = root;
  for (const name of through) {
    parent = parent.entries.get(name) ?? fail(E.noent);
    if (!parent.entries) fail(E.notdir);
  }
  const node = parent.entries.get(last);
  if (path.endsWith('/') && node && !node.entries) fail(E.notdir);
  return { parent, name: last, node };
}

/** A tree of folders from an object of paths and contents (text or bytes). */
function tree(files) {
  const root = folder();
  for (const [path, content] of Object.entries(files)) {
    let parent = root;
    const through = names(path);
    const last = through.pop();
    if (last === undefined) throw new TypeError(`${path}: not the name of a file`);
    for (const name of through) {
      if (!parent.entries.has(name)) parent.entries.set(name, folder());
      parent = parent.entries.get(name);
      if (!parent.entries) throw new TypeError(`${path}: a file lies inside of a file`);
    }
    if (parent.entries.has(last)) throw new TypeError(`${path}: is there twice, or is a folder`);
    parent.entries.set(last, file(typeof content === 'string' ? encoder.encode(content) : content));
  }
  return root;
}

/** The object of paths and contents that a tree is. */
function listed(node, prefix = '', into = {}) {
  for (const [name, child] of node.entries) {
    if (child.entries) listed(child, `${prefix}${name}/`, into);
    else into[prefix + name] = child.bytes.slice(0, child.size);
  }
  return into;
}

/**
 * Runs `module`, a compiled command of Preview 1, from its start to its end.
 *
 * @param {WebAssembly.Module} module
 * @param {{ args: string[], files?: Record<string, string | Uint8Array>, stdin?: string | Uint8Array }} what
 *   `args` begins with the name of the program; `files` is what its working folder has.
 * @returns {Promise<{ code: number, stdout: Uint8Array, stderr: string, files: Record<string, Uint8Array> }>}
 *   with all files as they are at the end. A trap rejects, and its message has what the program wrote to standard error.
 */
export async function execute(module, { args, files = {}, stdin = '' }) {
  const root = tree(files);
  const streams = [file(typeof stdin === 'string' ? encoder.encode(stdin) : stdin), file(), file()];
  const open = [...streams.map((node) => ({ node, at: 0, stream: true })), { node: root }];
  let memory;

  const view = () => new DataView(memory.buffer);
  const bytes = (at, length) => {
    at >>>= 0;
    length >>>= 0;
    if (at + length > memory.buffer.byteLength) fail(E.fault);
    return new Uint8Array(memory.buffer, at, length);
  };
  const text = (at, length) => decoder.decode(bytes(at, length));
  const descriptor = (fd) => open[fd] ?? fail(E.badf);
  const dir = (fd) => {
    const { node } = descriptor(fd);
    return node.entries ? node : fail(E.notdir);
  };
  const data = (fd) => {
    const opened = descriptor(fd);
    return opened.node.entries ? fail(E.isdir) : opened;
  };
  const u32 = (at, value) => view().setUint32(at >>> 0, value, true);
  const u64 = (at, value) => view().setBigUint64(at >>> 0, BigInt(value), true);
  const kind = (opened) => (opened.stream ? KIND.unknown : opened.node.entries ? KIND.dir : KIND.file);

  /** Calls `each` with the buffers of a list until one is not filled. Returns how many bytes that were. */
  const scatter = (list, count, each) => {
    let done = 0;
    for (let i = 0; i < count; i++) {
      const at = (list >>> 0) + 8 * i;
      const buffer = bytes(view().getUint32(at, true), view().getUint32(at + 4, true));
      const n = each(buffer, done);
      done += n;
      if (n < buffer.length) break;
    }
    return done;
  };
  const readAt = (node, from, list, count) =>
    scatter(list, count, (buffer, done) => {
      const piece = node.bytes.subarray(Math.min(from + done, node.size), Math.min(from + done + buffer.length, node.size));
      buffer.set(piece);
      return piece.length;
    });
  const writeAt = (node, from, list, count) =>
    scatter(list, count, (buffer, done) => {
      write(node, from + done, buffer);
      return buffer.length;
    });
  const status = (at, node, type) => {
    bytes(at, 64).fill(0);
    u64(at + 8, node.inode);
    view().setUint8((at >>> 0) + 16, type);
    u64(at + 24, 1);
    u64(at + 32, node.size ?? 0);
  };
  /** Strings of C, as `args_get` and `environ_get` give them. */
  const strings = (list) => {
    const encoded = list.map((one) => encoder.encode(`${one}\0`));
    return {
      sizes: (count, size) => {
        u32(count, encoded.length);
        u32(size, encoded.reduce((sum, one) => sum + one.length, 0));
      },
      get: (pointers, at) => {
        encoded.forEach((one, i) => {
          u32(pointers + 4 * i, at);
          bytes(at, one.length).set(one);
          at += one.length;
        });
      },
    };
  };
  const argv = strings(args);
  const environ = strings([]);

  const functions = {
    args_sizes_get: argv.sizes,
    args_get: argv.get,
    environ_sizes_get: environ.sizes,
    environ_get: environ.get,
    clock_time_get: (id, _precision, at) => {
      u64(at, id === 0 ? BigInt(Date.now()) * 1000000n : Math.round(performance.now() * 1e6));
    },
    random_get: (at, length) => {
      // No more at a time than the Web Cryptography API allows.
      for (let from = 0; from < length; from += 65536) {
        const some = new Uint8Array(Math.min(65536, length - from));
        bytes(at + from, some.length).set(crypto.getRandomValues(some));
      }
    },
    sched_yield: () => {},
    proc_exit: (code) => {
      throw new Exit(code);
    },

    fd_prestat_get: (fd, at) => {
      if (fd !== ROOT) fail(E.badf);
      u32(at, 0);
      u32(at + 4, 1);
    },
    fd_prestat_dir_name: (fd, at, length) => {
      if (fd !== ROOT) fail(E.badf);
      bytes(at, length).set(encoder.encode('.').subarray(0, length));
    },
    fd_fdstat_get: (fd, at) => {
      const opened = descriptor(fd);
      bytes(at, 24).fill(0);
      view().setUint8(at >>> 0, kind(opened));
      view().setUint16((at >>> 0) + 2, opened.append ? APPEND : 0, true);
      u64(at + 8, 0x1fffffffn);
      u64(at + 16, 0x1fffffffn);
    },
    fd_fdstat_set_flags: (fd, flags) => {
      data(fd).append = (flags & APPEND) !== 0;
    },
    fd_filestat_get: (fd, at) => {
      const opened = descriptor(fd);
      status(at, opened.node, kind(opened));
    },
    fd_filestat_set_size: (fd, size) => {
      const { node } = data(fd);
      const wanted = Number(size);
      if (wanted > node.size) write(node, node.size, new Uint8Array(wanted - node.size));
      node.size = wanted;
    },
    fd_close: (fd) => {
      descriptor(fd);
      open[fd] = undefined;
    },
    fd_renumber: (from, to) => {
      descriptor(to);
      open[to] = descriptor(from);
      if (from !== to) open[from] = undefined;
    },
    fd_sync: (fd) => void descriptor(fd),
    fd_datasync: (fd) => void descriptor(fd),
    fd_read: (fd, list, count, at) => {
      const opened = data(fd);
      const n = readAt(opened.node, opened.at, list, count);
      opened.at += n;
      u32(at, n);
    },
    fd_pread: (fd, list, count, from, at) => u32(at, readAt(data(fd).node, Number(from), list, count)),
    fd_write: (fd, list, count, at) => {
      const opened = data(fd);
      if (opened.append) opened.at = opened.node.size;
      const n = writeAt(opened.node, opened.at, list, count);
      opened.at += n;
      u32(at, n);
    },
    fd_pwrite: (fd, list, count, from, at) => u32(at, writeAt(data(fd).node, Number(from), list, count)),
    fd_seek: (fd, offset, whence, at) => {
      const opened = data(fd);
      if (opened.stream) fail(E.spipe);
      const base = [0, opened.at, opened.node.size][whence] ?? fail(E.inval);
      const to = base + Number(offset);
      if (to < 0) fail(E.inval);
      opened.at = to;
      u64(at, to);
    },
    fd_tell: (fd, at) => {
      const opened = data(fd);
      if (opened.stream) fail(E.spipe);
      u64(at, opened.at);
    },
    fd_readdir: (fd, at, length, cookie, used) => {
      const out = bytes(at, length);
      let done = 0;
      [...dir(fd).entries].forEach(([name, node], i) => {
        if (BigInt(i) < cookie || done === length) return;
        const encoded = encoder.encode(name);
        const entry = new Uint8Array(24 + encoded.length);
        const fields = new DataView(entry.buffer);
        fields.setBigUint64(0, BigInt(i + 1), true);
        fields.setBigUint64(8, node.inode, true);
        fields.setUint32(16, encoded.length, true);
        fields.setUint8(20, node.entries ? KIND.dir : KIND.file);
        entry.set(encoded, 24);
        // What does not fit is cut off: the program asks again.
        const piece = entry.subarray(0, length - done);
        out.set(piece, done);
        done += piece.length;
      });
      u32(used, done);
    },

    path_open: (fd, _follow, pathAt, pathLength, how, _rights, _inheriting, flags, at) => {
      const path = text(pathAt, pathLength);
      let { parent, name, node } = find(dir(fd), path);
      if (node && how & OPEN.create && how & OPEN.exclusive) fail(E.exist);
      if (node && how & OPEN.directory && !node.entries) fail(E.notdir);
      if (!node) {
        if (!(how & OPEN.create) || path.endsWith('/')) fail(E.noent);
        node = file();
        parent.entries.set(name, node);
      }
      if (how & OPEN.truncate) {
        if (node.entries) fail(E.isdir);
        node.size = 0;
      }
      let next = open.indexOf(undefined);
      if (next < 0) next = open.length;
      open[next] = { node, at: 0, append: (flags & APPEND) !== 0 };
      u32(at, next);
    },
    path_filestat_get: (fd, _follow, pathAt, pathLength, at) => {
      const { node } = find(dir(fd), text(pathAt, pathLength));
      if (!node) fail(E.noent);
      status(at, node, kind({ node }));
    },
    path_readlink: (fd, pathAt, pathLength) => {
      const { node } = find(dir(fd), text(pathAt, pathLength));
      // There are no links.
      fail(node ? E.inval : E.noent);
    },
    path_create_directory: (fd, pathAt, pathLength) => {
      const { parent, name, node } = find(dir(fd), text(pathAt, pathLength));
      if (node) fail(E.exist);
      parent.entries.set(name, folder());
    },
    path_unlink_file: (fd, pathAt, pathLength) => {
      const { parent, name, node } = find(dir(fd), text(pathAt, pathLength));
      if (!node) fail(E.noent);
      if (node.entries) fail(E.isdir);
      parent.entries.delete(name);
    },
    path_remove_directory: (fd, pathAt, pathLength) => {
      const { parent, name, node } = find(dir(fd), text(pathAt, pathLength));
      if (!node) fail(E.noent);
      if (!node.entries) fail(E.notdir);
      if (node.entries.size) fail(E.notempty);
      parent.entries.delete(name);
    },
    path_rename: (fromFd, fromAt, fromLength, toFd, toAt, toLength) => {
      const from = find(dir(fromFd), text(fromAt, fromLength));
      const to = find(dir(toFd), text(toAt, toLength));
      if (!from.node) fail(E.noent);
      if (from.node === to.node) return;
      if (from.node.entries || to.node?.entries) fail(to.node?.entries ? E.isdir : E.nosys);
      from.parent.entries.delete(from.name);
      to.parent.entries.set(to.name, from.node);
    },
  };

  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const work = functions[name];
    (imports[from] ??= {})[name] = (...given) => {
      try {
        if (!work) return E.nosys;
        work(...given);
        return 0;
      } catch (error) {
        if (error instanceof Errno) return error.number;
        throw error;
      }
    };
  }
  const instance = await WebAssembly.instantiate(module, imports);
  memory = instance.exports.memory;
  const written = (node) => node.bytes.slice(0, node.size);
  let code = 0;
  try {
    instance.exports._start();
  } catch (error) {
    if (!(error instanceof Exit)) {
      throw new Error(`${decoder.decode(written(streams[2]))}${error.message}`, { cause: error });
    }
    code = error.code;
  }
  return { code, stdout: written(streams[1]), stderr: decoder.decode(written(streams[2])), files: listed(root) };
}
