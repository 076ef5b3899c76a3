import type { UnpluginInstance } from 'unplugin';

import type { FlattenOptions } from './index.js';

/** The plugin for each bundler: `p1bridge.vite(options)`, `.rollup`, `.rolldown`, `.esbuild`, `.webpack`, `.rspack`. */
export declare const p1bridge: UnpluginInstance<FlattenOptions | undefined, false>;
export default p1bridge;
