// node build.mjs SOURCE WIT OUTPUT [WORLD]: makes a component of a JavaScript program. This file has to lie where npm has put
// componentize-js.

import { componentize } from "@bytecodealliance/componentize-js";
import { readFile, writeFile } from "node:fs/promises";

const [source, witPath, output, worldName = "app"] = process.argv.slice(2);
const { component } = await componentize(await readFile(source, "utf8"), {
  witPath,
  worldName,
  disableFeatures: ["http", "fetch-event"],
});
await writeFile(output, component);
