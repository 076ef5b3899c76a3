// The host's side of the world every. Written by `p1bridge host`: do not change it, make it again.
/// <reference lib="esnext.disposable" />

/** What a function of the module throws that gives an error. */
export class ComponentError extends Error {
  constructor(payload: unknown);
  readonly payload: any;
}

export namespace EveryTypesTypes {
  export type Size = 'small' | 'self' | 'large';
  export interface Rights {
    read?: boolean;
    write?: boolean;
    all?: boolean;
  }
  export interface Point {
    x: number;
    y: bigint;
    type: number;
  }
  export type Shape = { tag: 'none' } | { tag: 'circle', val: number } | { tag: 'path', val: Array<Point> } | { tag: 'named', val: string } | { tag: 'both', val: [number, bigint] };
  export interface All {
    a: boolean;
    b: number;
    c: number;
    d: number;
    e: number;
    f: number;
    g: bigint;
    h: bigint;
    i: number;
    j: number;
    k: string;
    l: string;
    m: Size;
    n: Rights;
    o: Point;
    p: Shape;
    q?: Shape | undefined;
    r: { tag: 'ok', val: number } | { tag: 'err', val: string };
    s: { tag: 'ok', val?: undefined } | { tag: 'err', val?: undefined };
    t: Array<Shape>;
    u: [string, bigint | undefined];
    v: Array<Uint16Array>;
    w: { tag: 'ok', val?: undefined } | { tag: 'err', val: Size };
    x: { tag: 'ok', val: number } | { tag: 'err', val?: undefined };
  }
  export interface Owner {
    it: Thing;
    others: Array<Thing>;
  }
  export interface Thing {
    get(): number;
    drop(): void;
    [Symbol.dispose]?(): void;
  }
  export interface ThingClass {
    new (...given: any): Thing;
  }
  export interface Imports {
    numbers(a: number, b: number, c: number, d: number, e: number, f: number, g: bigint, h: bigint, i: number, j: number, k: string, l: boolean): bigint;
    echo(x: All): All;
    /** May throw the error: Point. */
    shapes(x: Shape, y: Shape | undefined): Shape;
    sizes(x: Size, y: Rights): [Size, Rights];
    numbersOf(x: BigUint64Array, y: Float32Array, z: Uint8Array): Int16Array;
    things(x: Owner, y: Thing, z: Thing | undefined): Array<Thing>;
    nothing(): void;
    Thing: ThingClass;
  }
}

export namespace EveryTypesBack {
  export interface Mine {
    useAll(x: Array<Mine>): string;
    [Symbol.dispose](): void;
  }
  export interface MineClass {
    readonly prototype: Mine;
    new (x: Array<string>): Mine;
    /** @throws ComponentError with the payload EveryTypesTypes.Size. */
    give(x: Mine | undefined): Mine;
  }
  export interface Exports {
    echo(x: EveryTypesTypes.All): EveryTypesTypes.All;
    /** @throws ComponentError with the payload EveryTypesTypes.Point. */
    shapes(x: EveryTypesTypes.Shape, y: EveryTypesTypes.Shape | undefined): EveryTypesTypes.Shape;
    sizes(x: EveryTypesTypes.Size, y: EveryTypesTypes.Rights): [EveryTypesTypes.Size, EveryTypesTypes.Rights];
    lots(a: string, b: string, c: string, d: string, e: string, f: string, g: string, h: string, i: number): string;
    show(x: EveryTypesTypes.Thing): number;
    maybe(x: number | undefined): number | undefined;
    Mine: MineClass;
  }
}

/** Something by one of its names. */
type Named<Names extends string, Of> = Names extends string ? { [name in Names]: Of } : never;

/** What the host provides, and other modules, such as `wasi_snapshot_preview1`. */
export type ImportObject = { [name: string]: unknown }
  & Named<'log', ((match: string) => string) | { default: (match: string) => string }>
  & Named<'every:types/types@0.1.0' | 'every:types/types', EveryTypesTypes.Imports>;

/** What the module exports. */
export interface Every {
  run(x: Array<string>): number;
  'every:types/back@0.1.0': EveryTypesBack.Exports;
  back: EveryTypesBack.Exports;
}

/**
 * An instance of the module. `source` has its bytes, or is the module. `instantiateCore` makes the instance of the core module; who
 * wants to have that makes it there.
 */
export function instantiate(
  source: ArrayBuffer | ArrayBufferView | WebAssembly.Module,
  imports: ImportObject,
  instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
): Every;
