/// <reference types="p1bridge/client" />
// What a user of the package writes in TypeScript: compiled, not run.
import { check, flatten, inspect, link, lower, P1bridgeError, run, wrap } from 'p1bridge';
import { p1bridge } from 'p1bridge/unplugin';
import bytes from './guest.wasm?p1bridge';
import url from './guest.wasm?p1bridge&url';

const flat: Uint8Array = await flatten(bytes, { profile: 'wamr-2020', stackSize: '4k', noGrow: true, allow: ['a#b=trap'] });
const parts: Uint8Array = await link({ 'a.wasm': flat, 'b.wasm': bytes }, { chain: 'a.wasm,b.wasm', onMessage: (line: string) => line });
const component: Uint8Array = await wrap(await lower(parts, { arena: 8192 }), { kind: 'reactor', wit: 'wit', files: { 'wit/a.wit': '' } });
const fits: boolean = (await check(component)).fits;
const { code, stderr }: { code: number; stderr: string } = await run(['inspect', url], { stdin: flat });
console.log(fits, code, stderr, (await inspect(flat, { wasi: true })).what, new P1bridgeError().code satisfies number);
// @ts-expect-error: no such option
await flatten(bytes, { stack: 1 });
// @ts-expect-error: a path is no binary
await flatten('guest.wasm');
p1bridge.vite({ strip: 'but-world' });
p1bridge.esbuild();
