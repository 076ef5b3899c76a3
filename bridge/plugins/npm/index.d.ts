/** What all functions take beside the options of their command. */
export interface Common {
  /**
   * What options name, by path: `{ 'device.toml': text }` for `profile: 'device.toml'`, `{ 'wit/world.wit': text }` for
   * `wit: 'wit'`. There are no other files.
   */
  files?: Record<string, string | Uint8Array>;
  /** Gets each line that the command writes about what it did. */
  onMessage?: (line: string) => void;
}

/** A size in bytes: a number, or text with a unit (`64k`, `2p` for pages). */
export type Size = number | string;

/** `p1bridge lower --help` says more of each. */
export interface LowerOptions extends Common {
  /** The name of a profile (`wamr-2020`), or one of `files`. Without one: `portable`. */
  profile?: string;
  arena?: Size;
  stackSize?: Size;
}

/** `p1bridge flatten --help` says more of each. */
export interface FlattenOptions extends Common {
  profile?: string;
  strip?: boolean | 'all' | 'but-world';
  noTidy?: boolean;
  sockets?: 'none' | 'wamr';
  boundary?: 'native' | 'wit';
  memoryMax?: Size;
  ram?: Size;
  noGrow?: boolean;
  guestMemory?: string | string[];
  stackSize?: Size;
  relocate?: boolean;
  shareStack?: boolean;
  arena?: Size;
  hostArena?: Size;
  maxHandles?: number;
  maxPoll?: number;
  maxHttp?: number;
  maxTasks?: number;
  maxStreams?: number;
  stacks?: string;
  threadStack?: Size;
  isolation?: string;
  memory?: string;
  wasi?: string;
  http?: 'cgi' | 'server';
  allow?: string | string[];
  denyApproximations?: boolean;
  trapMessages?: boolean;
  noOpt?: string | string[];
  verify?: boolean;
}

/** `p1bridge link --help` says more of each. Options that name inputs take the names that these have. */
export interface LinkOptions extends FlattenOptions {
  component?: boolean;
  wit?: string | string[];
  world?: string | string[];
  plug?: string | string[];
  chain?: string | string[];
  keep?: string | string[];
  fresh?: string | string[];
  raw?: string | string[];
  export?: string | string[];
  noUnresolved?: boolean;
}

/** `p1bridge wrap --help` says more of each. */
export interface WrapOptions extends Common {
  kind?: 'command' | 'reactor' | 'proxy';
  adapt?: string | string[];
  wit?: string;
  world?: string;
  exitCodes?: 'yes' | 'no';
  wasi?: '0.2' | '0.3';
}

/** `p1bridge inspect --help` says more of each. */
export interface InspectOptions extends Common {
  wasi?: boolean;
  profile?: string;
  sockets?: 'none' | 'wamr';
  allow?: string | string[];
}

/** Why a binary does not run somewhere, or runs in another way. */
export interface Finding {
  kind: string;
  effect: string;
  what: string;
  places: { offset?: number; count?: number }[];
  'emitted-by'?: string;
  /** What `lower` or `flatten` does about it. */
  fix?: string;
  [more: string]: unknown;
}

/** What `p1bridge check --json` prints. */
export interface Verdict {
  profile: string;
  fits: boolean;
  'fits-lowered': boolean;
  findings: Finding[];
  [more: string]: unknown;
}

/** What the command refused, or failed at. */
export declare class P1bridgeError extends Error {
  /** The exit code of the command: 1 for what is wrong with a file, 2 for options. */
  readonly code: number;
}

/** A component becomes one core module. Rejects with a `P1bridgeError`. */
export declare function flatten(component: Uint8Array | ArrayBuffer, options?: FlattenOptions): Promise<Uint8Array>;

/** A Preview 1 module becomes a component. Rejects with a `P1bridgeError`. */
export declare function wrap(module: Uint8Array | ArrayBuffer, options?: WrapOptions): Promise<Uint8Array>;

/** A core module becomes one that runs on the runtime of the profile. Rejects with a `P1bridgeError`. */
export declare function lower(module: Uint8Array | ArrayBuffer, options?: LowerOptions): Promise<Uint8Array>;

/** Core modules and components, by name, become one core module. The first is the program. Rejects with a `P1bridgeError`. */
export declare function link(parts: Record<string, Uint8Array | ArrayBuffer>, options?: LinkOptions): Promise<Uint8Array>;

/** Whether a binary runs on the runtime of the profile, and why not. Rejects for what is no valid binary. */
export declare function check(binary: Uint8Array | ArrayBuffer, options?: Common & { profile?: string }): Promise<Verdict>;

/** What a binary is: what `p1bridge inspect --json` prints. */
export declare function inspect(binary: Uint8Array | ArrayBuffer, options?: InspectOptions): Promise<Record<string, unknown>>;

/** Any command line, `p1bridge` left out, on files in memory. Does not reject for an exit code other than 0. */
export declare function run(
  args: string[],
  given?: { files?: Record<string, string | Uint8Array>; stdin?: string | Uint8Array },
): Promise<{ code: number; stdout: Uint8Array; stderr: string; files: Record<string, Uint8Array> }>;
