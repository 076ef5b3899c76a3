// The canonical ABI for hosts of flat modules in JavaScript. `p1bridge host --lang js` writes this file beside the module that it
// generates, which describes the types and functions of a world in the terms of this one.
//
// | part | is |
// |---|---|
// | types | how values lie in memory, and what they are as core values: `CanonicalABI.md`, "Loading" to "Flat Lowering" |
// | functions | what a world imports and exports |
// | `Guest` | an instance: its memory, the handles that it has, calls |
// | `instantiate` | binds all of it |
//
// Everything that a guest gives is checked. What is wrong is a `WebAssembly.RuntimeError`, and the guest is not entered again.

/** What a function of the guest throws that gives an error; `payload` has the error. */
export class ComponentError extends Error {
  constructor(payload) {
    const isText = typeof payload === 'string';
    super(isText ? payload : `${String(payload)} (see error.payload)`);
    Object.defineProperty(this, 'payload', { value: payload, enumerable: !isText });
  }
}

/** Older engines have no symbol of that name. */
const dispose = Symbol.dispose ?? Symbol.for('dispose');

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const shown = (value) => (typeof value === 'string' ? JSON.stringify(value) : String(value?.name ?? typeof value));

// Types. Each has its size, its alignment and its core values (letters: i, I, f, F), and four functions: from memory, into
// memory, from core values, and to core values.

const aligned = (at, align) => Math.ceil(at / align) * align;

/** Numbers. `Array` is what a list of them is. */
const number = (size, flat, kind, Array, lift, lower) => ({
  size,
  align: size,
  flat,
  Array,
  load: (guest, at) => guest.view()[`get${kind}`](at, true),
  store: (guest, at, value) => guest.view()[`set${kind}`](at, lower(value), true),
  lift: (guest, slots, at) => lift(slots[at]),
  lower: (guest, value) => [lower(value)],
});

/** Only a number: what is missing would be 0. Larger ones wrap around, as everywhere in JavaScript. */
const plain = (value) => {
  if (typeof value !== 'number') throw new TypeError(`a number is expected, not ${shown(value)}`);
  return value;
};

export const u8 = number(1, 'i', 'Uint8', Uint8Array, (x) => x & 0xff, (x) => plain(x) & 0xff);
export const s8 = number(1, 'i', 'Int8', Int8Array, (x) => (x << 24) >> 24, (x) => (plain(x) << 24) >> 24);
export const u16 = number(2, 'i', 'Uint16', Uint16Array, (x) => x & 0xffff, (x) => plain(x) & 0xffff);
export const s16 = number(2, 'i', 'Int16', Int16Array, (x) => (x << 16) >> 16, (x) => (plain(x) << 16) >> 16);
export const u32 = number(4, 'i', 'Uint32', Uint32Array, (x) => x >>> 0, (x) => plain(x) >>> 0);
export const s32 = number(4, 'i', 'Int32', Int32Array, (x) => x | 0, (x) => plain(x) | 0);
export const u64 = number(8, 'I', 'BigUint64', BigUint64Array, (x) => BigInt.asUintN(64, x), (x) => BigInt.asUintN(64, BigInt(x)));
export const s64 = number(8, 'I', 'BigInt64', BigInt64Array, (x) => BigInt.asIntN(64, x), (x) => BigInt.asIntN(64, BigInt(x)));
export const f32 = number(4, 'f', 'Float32', Float32Array, (x) => x, (x) => Math.fround(plain(x)));
export const f64 = number(8, 'F', 'Float64', Float64Array, (x) => x, plain);

/** A type whose values are made from those of a number, which is in memory and is a core value. */
const from = (of, lift, lower) => ({
  size: of.size,
  align: of.align,
  flat: of.flat,
  load: (guest, at) => lift(guest, of.load(guest, at)),
  store: (guest, at, value) => of.store(guest, at, lower(guest, value)),
  lift: (guest, slots, at) => lift(guest, of.lift(guest, slots, at)),
  lower: (guest, value) => of.lower(guest, lower(guest, value)),
});

export const bool = {
  ...from(u8, (guest, x) => x !== 0, (guest, value) => (value ? 1 : 0)),
  // Of a core value, all bits count.
  lift: (guest, slots, at) => slots[at] !== 0,
};

const isScalar = (code) => code < 0xd800 || (code > 0xdfff && code < 0x110000);

export const char = from(
  u32,
  (guest, code) => {
    if (!isScalar(code)) throw guest.trap('a char is no scalar value');
    return String.fromCodePoint(code);
  },
  (guest, value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined;
    if (code === undefined || !isScalar(code) || String.fromCodePoint(code) !== value) {
      throw new TypeError(`one character is expected, not ${shown(value)}`);
    }
    return code;
  },
);

/** What is an address and a length. `give` makes both. */
const pair = (take, give) => ({
  size: 8,
  align: 4,
  flat: 'ii',
  load: (guest, at) => take(guest, u32.load(guest, at), u32.load(guest, at + 4)),
  store: (guest, at, value) => {
    const [address, length] = give(guest, value);
    u32.store(guest, at, address);
    u32.store(guest, at + 4, length);
  },
  lift: (guest, slots, at) => take(guest, slots[at] >>> 0, slots[at + 1] >>> 0),
  lower: give,
});

export const string = pair(
  (guest, address, length) => {
    guest.list(address, length, 1, 1);
    try {
      return decoder.decode(new Uint8Array(guest.buffer(), address, length).slice());
    } catch {
      throw guest.trap('a string is not UTF-8');
    }
  },
  (guest, value) => {
    if (typeof value !== 'string') throw new TypeError(`a string is expected, not ${shown(value)}`);
    const bytes = encoder.encode(value);
    const address = guest.room(1, 1, bytes.length);
    new Uint8Array(guest.buffer(), address, bytes.length).set(bytes);
    return [address, bytes.length];
  },
);

/** A list: an array, of numbers a typed one. */
export const list = (type) => {
  const { size, align, Array: Typed } = type;
  return pair(
    (guest, address, length) => {
      guest.list(address, length, size, align);
      if (Typed) return new Typed(guest.buffer(), address, length).slice();
      return Array.from({ length }, (_, i) => type.load(guest, address + i * size));
    },
    (guest, value) => {
      if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value)) {
        throw new TypeError(`an array is expected, not ${shown(value)}`);
      }
      const length = value.length;
      const address = guest.room(align, size, length);
      if (Typed && value instanceof Typed) new Typed(guest.buffer(), address, length).set(value);
      else for (let i = 0; i < length; i++) type.store(guest, address + i * size, value[i]);
      return [address, length];
    },
  );
};

/** Values one after the other: `make` makes one of them, `parts` takes it apart. */
const product = (types, make, parts) => {
  let size = 0;
  const offsets = types.map((type) => {
    const at = aligned(size, type.align);
    size = at + type.size;
    return at;
  });
  const align = types.reduce((most, type) => Math.max(most, type.align), 1);
  return {
    size: aligned(size, align),
    align,
    flat: types.map((type) => type.flat).join(''),
    load: (guest, at) => make(types.map((type, i) => type.load(guest, at + offsets[i]))),
    store: (guest, at, value) => parts(value).forEach((part, i) => types[i].store(guest, at + offsets[i], part)),
    lift: (guest, slots, at) =>
      make(
        types.map((type) => {
          const part = type.lift(guest, slots, at);
          at += type.flat.length;
          return part;
        }),
      ),
    lower: (guest, value) => parts(value).flatMap((part, i) => types[i].lower(guest, part)),
  };
};

/** A record, by the names and types of its fields. */
export const record = (fields) => {
  const names = Object.keys(fields);
  const make = (parts) => Object.fromEntries(names.map((name, i) => [name, parts[i]]));
  const parts = (value) => {
    if (typeof value !== 'object' || value === null) throw new TypeError(`a record is expected, not ${shown(value)}`);
    return names.map((name) => value[name]);
  };
  return { ...product(Object.values(fields), make, parts), isObject: true };
};

export const tuple = (types) =>
  product(types, (parts) => parts, (value) => {
    if (!Array.isArray(value) || value.length !== types.length) {
      throw new TypeError(`an array of ${types.length} is expected, not ${shown(value)}`);
    }
    return value;
  });

/** A list of so many. */
export const fixed = (type, length) => tuple(Array(length).fill(type));

// A variant's core values are of types that have room for those of any case.
const scratch = new DataView(new ArrayBuffer(8));
const joined = (a, b) => (a === b || a === undefined ? b : a + b === 'if' || a + b === 'fi' ? 'i' : 'I');
const zero = { i: 0, I: 0n, f: 0, F: 0 };

/** The bits of a core value of one type as one of another. */
const reinterpreted = (value, have, want) => {
  if (have === want) return value;
  scratch.setBigUint64(0, 0n, true);
  if (have === 'i') scratch.setInt32(0, value, true);
  else if (have === 'I') scratch.setBigInt64(0, value, true);
  else if (have === 'f') scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  if (want === 'i') return scratch.getInt32(0, true);
  if (want === 'I') return scratch.getBigInt64(0, true);
  return want === 'f' ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
};

/** One of several, each with a type or none. `make` makes one from its number, `split` gives the number of one. */
const sum = (types, make, split) => {
  const tag = types.length <= 0x100 ? u8 : types.length <= 0x10000 ? u16 : u32;
  const some = types.filter((type) => type);
  const align = some.reduce((most, type) => Math.max(most, type.align), tag.size);
  const payload = aligned(tag.size, align);
  const flat = some.reduce(
    (all, type) => Array.from({ length: Math.max(all.length, type.flat.length) }, (_, i) => {
      const letter = type.flat[i];
      return letter ? joined(all[i], letter) : all[i];
    }),
    [],
  );
  const known = (guest, number) => {
    if (number >= types.length) throw guest.trap('there is no such case');
    return types[number];
  };
  return {
    size: aligned(some.reduce((most, type) => Math.max(most, type.size), 0) + payload, align),
    align,
    flat: `i${flat.join('')}`,
    load: (guest, at) => {
      const number = tag.load(guest, at);
      return make(number, known(guest, number)?.load(guest, at + payload));
    },
    store: (guest, at, value) => {
      const [number, inner] = split(value);
      tag.store(guest, at, number);
      types[number]?.store(guest, at + payload, inner);
    },
    lift: (guest, slots, at) => {
      const number = slots[at] >>> 0;
      const type = known(guest, number);
      const inner = type && [...type.flat].map((want, i) => reinterpreted(slots[at + 1 + i], flat[i], want));
      return make(number, type?.lift(guest, inner, 0));
    },
    lower: (guest, value) => {
      const [number, inner] = split(value);
      const type = types[number];
      const slots = type ? type.lower(guest, inner) : [];
      return [number, ...flat.map((want, i) => (i < slots.length ? reinterpreted(slots[i], type.flat[i], want) : zero[want]))];
    },
  };
};

/** What is a `{ tag, val }`. */
const tagged = (cases, isResult) => {
  const names = Object.keys(cases);
  const types = Object.values(cases);
  const numbers = new Map(names.map((name, i) => [name, i]));
  const make = (i, val) => (types[i] || isResult ? { tag: names[i], val } : { tag: names[i] });
  const split = (value) => {
    const number = numbers.get(value?.tag);
    if (number === undefined) throw new TypeError(`${shown(value?.tag)} is not one of the cases ${names.join(', ')}`);
    return [number, value.val];
  };
  return { ...sum(types, make, split), isObject: true };
};

/** A variant, by the names of its cases, each with a type or `null`. */
export const variant = (cases) => tagged(cases, false);

/** A result, by its types or `null`. That of a function is not seen as one: its error is thrown. */
export const result = (ok, err) => ({ ...tagged({ ok, err }, true), ok, isResult: true });

/** An enum: one of these strings. */
export const enumeration = (names) => {
  const numbers = new Map(names.map((name, i) => [name, i]));
  return sum(names.map(() => null), (i) => names[i], (value) => {
    const number = numbers.get(value);
    if (number === undefined) throw new TypeError(`${shown(value)} is not one of the cases ${names.join(', ')}`);
    return [number];
  });
};

/** An option: the value or `undefined`. One inside of another has a tag, so that both kinds of nothing differ. */
export const option = (type) => {
  if (type.isNullable) return tagged({ none: null, some: type }, false);
  const split = (value) => (value === undefined || value === null ? [0] : [1, value]);
  return { ...sum([null, type], (i, val) => val, split), isObject: type.isObject, isNullable: true };
};

/** Flags, by their names: an object of booleans. */
export const flags = (names) => {
  const words = Math.ceil(names.length / 32);
  const word = names.length <= 8 ? u8 : names.length <= 16 ? u16 : u32;
  const make = (bits) => Object.fromEntries(names.map((name, i) => [name, ((bits[i >>> 5] >>> (i & 31)) & 1) === 1]));
  const parts = (value) => {
    // As elsewhere, nothing is no flags.
    const given = value ?? {};
    if (typeof given !== 'object') throw new TypeError(`an object with flags is expected, not ${shown(value)}`);
    const bits = Array(words).fill(0);
    names.forEach((name, i) => (bits[i >>> 5] |= Number(Boolean(given[name])) << (i & 31)));
    return bits;
  };
  return product(Array(words).fill(word), make, parts);
};

/** A resource. It is the host's if `from` has the names of the interface that it is of. */
export const resource = (name, from) => ({ name, from });

/** A resource that changes its owner. */
export const own = (of) =>
  of.from
    ? { ...from(u32, (guest, handle) => guest.taken(of, handle), (guest, value) => guest.handle(of, value, 0)), isObject: true }
    : from(u32, (guest, handle) => guest.received(of, handle), (guest, value) => guest.given(of, value));

/** A resource that is lent for the time of a call. */
export const borrow = (of) =>
  of.from
    ? from(u32, (guest, handle) => guest.entry(of, handle).value, (guest, value) => guest.handle(of, value, guest.calls))
    : from(u32, (guest, handle) => guest.received(of, handle), (guest, value) => guest.held(of, value).handle);

// Functions of a world, in both directions. `kind` says where they are in JavaScript.

/** A function of an interface or of the world. */
export const func = (name, params, result) => ({ kind: 'func', name, params, result });
/** A method of a resource; its first parameter is the resource. */
export const method = (of, name, params, result) => ({ kind: 'method', of, name, params: [borrow(of), ...params], result });
/** A static function of a resource. */
export const statics = (of, name, params, result) => ({ kind: 'static', of, name, params, result });
/** The constructor of a resource. `result` is the resource, or a result with it. */
export const constructs = (of, params, result) => ({ kind: 'constructor', of, name: of.name, params, result });
/** What is called when a handle is dropped. */
export const drops = (of) => ({ kind: 'drop', of, name: of.name, params: [u32] });

/** The most core parameters that are passed as they are. */
const MAX_FLAT_PARAMS = 16;

/** How a function is passed. */
const passed = ({ params, result }) => {
  const all = tuple(params);
  const isArea = all.flat.length > MAX_FLAT_PARAMS;
  return { params: all, isArea, count: isArea ? 1 : all.flat.length, result, hasArea: (result?.flat.length ?? 0) > 1 };
};

/** The most handles of an instance (`CanonicalABI.md`, "Table State"). */
const MOST_HANDLES = (1 << 28) - 1;

/**
 * How much larger than the memory the lists of one value may be, in bytes. Lists of an honest guest lie beside each other, but for
 * what is there several times. Without a bound, a small memory could say that it has lists of lists without end.
 */
const SHARED = 1 << 26;

/** An instance. */
class Guest {
  constructor(classes) {
    /** The classes of resources: those of the host, and those that are made for the guest's. */
    this.classes = classes;
    /** Why it is not entered any more. */
    this.dead = undefined;
    /** How many calls into it have begun and not ended. */
    this.calls = 0;
    /** Handles of resources of the host, from 1. `lent` is the call to which one is lent, or 0. */
    this.handles = [undefined];
    this.free = [];
    this.lent = 0;
    /** Resources of the guest, by what JavaScript has of them. */
    this.resources = new WeakMap();
    this.registry = new FinalizationRegistry(({ of, handle }) => {
      try {
        this.drop(of, handle);
      } catch {
        // Nobody waits for it.
      }
    });
    /** By resource of the guest: the export that makes one, and the name of the one that drops one. */
    this.constructors = new Map();
    this.drops = new Map();
    /** How many bytes of lists there may yet be in the value that is lifted. */
    this.left = 0;
    this.empty = new ArrayBuffer(0);
    this.lastView = new DataView(this.empty);
  }

  /** Why the guest ends. */
  trap(why) {
    this.dead ??= new WebAssembly.RuntimeError(why);
    return this.dead;
  }

  /** A guest may catch what is thrown through it, and go on. */
  live() {
    if (this.dead === undefined) return;
    throw new WebAssembly.RuntimeError('the guest has trapped before', { cause: this.dead });
  }

  /** Calls a function of the module. */
  enter(core, slots) {
    this.live();
    let given;
    try {
      given = core(...slots);
    } catch (error) {
      this.dead ??= error;
      throw error;
    }
    if (this.dead !== undefined) throw this.dead;
    return given;
  }

  /** The memory as it is now: it has another buffer when it has grown. */
  buffer() {
    return this.exports?.memory?.buffer ?? this.empty;
  }

  view() {
    const buffer = this.buffer();
    if (this.lastView.buffer !== buffer) this.lastView = new DataView(buffer);
    return this.lastView;
  }

  /** Checks that there are so many things of a size, aligned. */
  check(at, count, size, align) {
    if (at % align !== 0) throw this.trap('an address is not aligned');
    const all = this.buffer().byteLength;
    if (at > all || count * size > all - at) throw this.trap('an address is outside of the memory');
  }

  /** The same for a list of the value that is lifted now. */
  list(at, count, size, align) {
    this.check(at, count, size, align);
    this.left -= count * size;
    if (this.left < 0) throw this.trap('a value has more lists than there can be');
  }

  /** Begins to lift a value. */
  lifting() {
    this.left = this.buffer().byteLength + SHARED;
  }

  /**
   * Stores a result of the host. A module with an arena (`flatten --host-arena`) says in the two words before the place where that is
   * free; a result without strings and lists may have other things there, and needs no room.
   */
  stored(result, area, value) {
    if (typeof this.exports?.['p1bridge.host-arena'] === 'function') {
      if (area < 8) throw this.trap('an address is outside of the memory');
      this.arena = { free: u32.load(this, area - 8), end: u32.load(this, area - 4) };
    }
    try {
      result.store(this, area, value);
    } finally {
      this.arena = undefined;
    }
  }

  /** Room in the memory for so many things of a size. */
  room(align, size, count) {
    if (count === 0) return align;
    const bytes = size * count;
    if (bytes > 0xffffffff) throw new RangeError('a list is larger than any memory');
    if (this.arena !== undefined) {
      const at = aligned(this.arena.free, align);
      if (at + bytes > this.arena.end) throw this.trap('the arena for results of the host is full');
      this.arena.free = at + bytes;
      this.check(at, 1, bytes, align);
      return at;
    }
    const realloc = this.exports?.cabi_realloc;
    if (typeof realloc !== 'function') throw this.trap('the module has no export `cabi_realloc`');
    const at = this.enter(realloc, [0, 0, align, bytes]) >>> 0;
    if (at % align !== 0 || at + bytes > this.buffer().byteLength) throw this.trap('cabi_realloc gave a bad address');
    return at;
  }

  // Resources of the host.

  /** A handle for one. */
  handle(of, value, lent) {
    const known = this.classes.get(of);
    if (!(value instanceof known)) throw new TypeError(`not a valid "${of.name}" resource`);
    const handle = this.free.pop() ?? this.handles.length;
    if (handle > MOST_HANDLES) throw this.trap('the table of handles is full');
    this.handles[handle] = { of, value, lent };
    if (lent !== 0) this.lent++;
    return handle;
  }

  entry(of, handle) {
    const entry = this.handles[handle];
    if (entry?.of !== of) throw this.trap('a handle is not valid');
    return entry;
  }

  release(handle) {
    if (this.handles[handle].lent !== 0) this.lent--;
    this.handles[handle] = undefined;
    this.free.push(handle);
  }

  /** One that is the host's again. */
  taken(of, handle) {
    const { value, lent } = this.entry(of, handle);
    if (lent !== 0) throw this.trap('a handle is not valid');
    this.release(handle);
    return value;
  }

  /** The guest drops a handle. */
  dropped(of, handle) {
    const { value, lent } = this.entry(of, handle);
    this.release(handle);
    if (lent === 0) value[dispose]?.();
  }

  /** What was lent to a call that ends is not the guest's any more. */
  returned() {
    for (let handle = 1; this.lent > 0 && handle < this.handles.length; handle++) {
      if (this.handles[handle]?.lent === this.calls) this.release(handle);
    }
  }

  // Resources of the guest.

  /** One that the guest gives. */
  received(of, handle) {
    const made = Object.create(this.classes.get(of).prototype);
    this.resources.set(made, { of, handle });
    this.registry.register(made, { of, handle }, made);
    return made;
  }

  held(of, value) {
    const held = this.resources.get(value);
    if (held?.of !== of) throw new TypeError(`not a valid "${of.name}" resource`);
    return held;
  }

  /** The handle of one that becomes the guest's again. */
  given(of, value) {
    const { handle } = this.held(of, value);
    this.resources.delete(value);
    this.registry.unregister(value);
    return handle;
  }

  disposed(of, value) {
    const held = this.resources.get(value);
    if (held === undefined) return;
    this.resources.delete(value);
    this.registry.unregister(value);
    this.drop(of, held.handle);
  }

  drop(of, handle) {
    const core = this.exports[this.drops.get(of)];
    if (typeof core === 'function' && this.dead === undefined) this.enter(core, [handle]);
  }

  // Calls.

  /** A function of the module that calls one of the host. */
  imported(described, call) {
    const { params, isArea, count, result, hasArea } = passed(described);
    return (...slots) => {
      this.live();
      try {
        if (slots.length !== count + Number(hasArea)) throw this.trap('a function is not of the type that it has in the world');
        const area = hasArea ? slots[count] >>> 0 : 0;
        if (hasArea) this.check(area, 1, result.size, result.align);
        this.lifting();
        let given;
        if (isArea) {
          this.check(slots[0] >>> 0, 1, params.size, params.align);
          given = params.load(this, slots[0] >>> 0);
        } else {
          given = params.lift(this, slots, 0);
        }
        const value = result?.isResult ? caught(result, () => call(given)) : call(given);
        if (result === undefined) return undefined;
        if (hasArea) return this.stored(result, area, value);
        return result.lower(this, value)[0];
      } catch (error) {
        this.dead ??= error;
        throw error;
      }
    };
  }

  /** A function of the host that calls one of the module. */
  exported(described, name) {
    const { params, isArea, count, result, hasArea } = passed(described);
    const [core, post] = [this.exports[name], this.exports[`cabi_post_${name}`]];
    if (typeof core !== 'function' || core.length !== count) {
      throw new WebAssembly.LinkError(`the module has no export \`${name}\`, or one of another type`);
    }
    return (...given) => {
      this.live();
      // What is not there is `undefined`, and what is too much is ignored, as everywhere in JavaScript.
      const all = described.params.map((_, i) => given[i]);
      this.calls++;
      let slot;
      try {
        let slots;
        if (isArea) {
          slots = [this.room(params.align, params.size, 1)];
          params.store(this, slots[0], all);
        } else {
          slots = params.lower(this, all);
        }
        slot = this.enter(core, slots);
      } finally {
        this.returned();
        this.calls--;
      }
      if (result === undefined) return undefined;
      let value;
      this.lifting();
      if (hasArea) {
        this.check(slot >>> 0, 1, result.size, result.align);
        value = result.load(this, slot >>> 0);
      } else {
        value = result.lift(this, [slot], 0);
      }
      // A guest need not have anything to free.
      if (typeof post === 'function') this.enter(post, [slot]);
      if (!result.isResult) return value;
      if (value.tag === 'err') throw new ComponentError(value.val);
      return value.val;
    };
  }
}

/** What a function of the host gives whose type is a result: it gives a value, or throws the error or something with a `payload`. */
const caught = ({ ok }, call) => {
  try {
    const value = call();
    // What says itself how it ended is taken at its word where no value could look so.
    const isWhole = !ok?.isObject && (value?.tag === 'ok' || value?.tag === 'err');
    return isWhole ? value : { tag: 'ok', val: value };
  } catch (error) {
    if (error !== null && error !== undefined && Object.hasOwn(Object(error), 'payload')) return { tag: 'err', val: error.payload };
    // Something else has failed: that is not for the guest.
    if (error instanceof Error) throw error;
    return { tag: 'err', val: error };
  }
};

/** The first of some names that an object has. */
const named = (object, names) => {
  const name = names.find((name) => object[name] !== undefined && object[name] !== null);
  if (name === undefined) throw new TypeError(`the imports have no '${names[0]}'`);
  return object[name];
};

/** How a function of the host is called. */
const callable = (guest, imports, names, field, described) => {
  const { kind, of, name } = described;
  if (kind === 'drop') return ([handle]) => guest.dropped(of, handle);
  if (kind === 'method') return ([self, ...given]) => self[name](...given);
  if (names.length === 0) {
    // A function of the world itself.
    const given = named(imports, [field, name]);
    const call = given.default ?? given;
    if (typeof call !== 'function') throw new TypeError(`the import '${field}' is no function`);
    return (given) => call(...given);
  }
  const from = named(imports, names);
  const where = kind === 'func' ? from : guest.classes.get(of);
  if (kind === 'constructor') return (given) => new where(...given);
  if (typeof where[name] !== 'function') throw new TypeError(`'${names[0]}': there is no function ${kind === 'func' ? '' : `${of.name}.`}${name}`);
  return (given) => where[name](...given);
};

/** The class of a resource of the guest; its methods come later. */
const guestClass = (guest, of) => {
  const made = class {
    constructor(...given) {
      const construct = guest.constructors.get(of);
      if (construct === undefined) throw new TypeError(`${of.name} has no constructor`);
      return Object.setPrototypeOf(construct(...given), new.target.prototype);
    }

    /** Drops it, if that was not done before. */
    [dispose]() {
      guest.disposed(of, this);
    }
  };
  return Object.defineProperty(made, 'name', { value: of.name, configurable: true });
};

const put = (object, name, value) => Object.defineProperty(object, name, { value, writable: true, configurable: true });

/** Puts what an interface of the module exports into an object. */
const exportInto = (guest, to, module, functions) => {
  for (const [core, described] of Object.entries(functions)) {
    const { kind, of, name } = described;
    const full = module === '' ? core : `${module}#${core}`;
    if (kind === 'drop') {
      guest.drops.set(of, full);
      continue;
    }
    const call = guest.exported(described, full);
    if (kind === 'func') to[name] = call;
    else if (kind === 'method') put(guest.classes.get(of).prototype, name, function (...given) { return call(this, ...given); });
    else if (kind === 'static') put(guest.classes.get(of), name, call);
    else guest.constructors.set(of, call);
  }
};

/**
 * An instance of a module that is of a world: what it exports.
 *
 * `source` is its bytes, or the module. `imports` has what the host provides, by the names of interfaces and functions, and what other
 * modules the module imports. `instantiateCore` makes the instance of the core module; who wants to have that makes it itself.
 */
export const instantiate = (
  world,
  source,
  imports = {},
  instantiateCore = (module, imports) => new WebAssembly.Instance(module, imports),
) => {
  const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
  const guest = new Guest(new Map());
  for (const of of world.resources) {
    const known = of.from ? named(imports, of.from)[of.name] : guestClass(guest, of);
    if (typeof known !== 'function') throw new TypeError(`'${of.from[0]}': there is no class ${of.name}`);
    guest.classes.set(of, known);
  }
  const given = {};
  for (const { module: from, name: field } of WebAssembly.Module.imports(module)) {
    // What was put into `env` for runtimes that look nowhere else.
    const [place, name] = from === 'env' && field.includes('#') ? field.split(/#(.*)/s) : [from, field];
    const provided = world.imports.find(({ module }) => module === place);
    const described = provided && Object.hasOwn(provided.functions, name) ? provided.functions[name] : undefined;
    const value = described
      ? guest.imported(described, callable(guest, imports, provided.names, name, described))
      : imports[place]?.[name];
    (given[from] ??= {})[field] = value;
  }
  const { exports } = instantiateCore(module, given);
  guest.exports = exports;
  const made = {};
  for (const { module, names, functions } of world.exports) {
    const to = module === '' ? made : {};
    exportInto(guest, to, module, functions);
    for (const { of } of Object.values(functions)) if (of) to[of.name] = guest.classes.get(of);
    for (const name of names) made[name] = to;
  }
  if (typeof exports._initialize === 'function' && exports._start === undefined) guest.enter(exports._initialize, []);
  return made;
};
