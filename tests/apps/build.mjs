// node build.mjs SOURCE WIT OUTPUT: makes a component of a JavaScript program. This file has to lie where npm has put
// componentize-js.

import { componentize } from "@bytecodealliance/componentize-js";
import { readFile, writeFile } from "node:fs/promises";

const [source, witPath, output] = process.argv.slice(2);
const { component } = await componentize(await readFile(source, "utf8"), {
  witPath,
  worldName: "app",
  disableFeatures: ["http", "fetch-event"],
});
await writeFile(output, component);
