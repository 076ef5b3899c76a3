// Tests of adapters/prebuilt/p2-on-p1.wasm, or of the library named on the command line, and of p1-on-p1.wasm and
// wsi-on-p1.wasm, p1-on-wsi.wasm, p3-on-p1.wasm:
//
//     node adapters/tests/run.mjs [library.wasm] [part of a test's name]
//
// The suite of the repository runs whole programs against real hosts. This is for what those
// cannot show: faults of a host, layouts byte by byte, breaches of the canonical ABI.

import "./beside.mjs";
import "./cli.mjs";
import "./streams.mjs";
import "./poll.mjs";
import "./together.mjs";
import "./files.mjs";
import "./paths.mjs";
import "./host.mjs";
import "./http.mjs";
import "./cgi.mjs";
import "./server.mjs";
import "./client.mjs";
import "./component.mjs";
import "./wsi.mjs";
import "./on-wsi.mjs";
import "./cli3.mjs";
import "./files3.mjs";
import "./sockets3.mjs";
import { run } from "./suite.mjs";

process.exit(run(process.argv[3] ?? "") ? 0 : 1);
