// For TypeScript: `/// <reference types="p1bridge/client" />`.

declare module '*.wasm?p1bridge' {
  /** The flat module. */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '*.wasm?p1bridge&url' {
  /** Where the flat module is. */
  const url: string;
  export default url;
}
