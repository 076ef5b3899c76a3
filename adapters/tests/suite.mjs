// A list of tests, run one after the other: for a guest whose memory begins at address 0, and for
// one that lies above another guest.

import { setBase, untouched } from "./harness.mjs";

const tests = [];

/** Adds a test; its name is the behaviour that it pins. */
export function test(name, body) {
  tests.push({ name, body });
}

/** Runs the tests whose name has `part`. Whether all passed. */
export function run(part) {
  const chosen = tests.filter(({ name }) => name.includes(part));
  let failed = 0;
  for (const apart of [false, true]) {
    setBase(apart);
    for (const { name, body } of chosen) {
      try {
        body();
        if (!untouched()) throw new Error("something was written below the guest's memory");
      } catch (error) {
        failed += 1;
        console.log(`FAILED ${name}${apart ? " (in a guest above another)" : ""}\n  ${error.stack}`);
      }
    }
  }
  console.log(`${2 * chosen.length - failed} of ${2 * chosen.length} passed`);
  return failed === 0 && chosen.length > 0;
}
