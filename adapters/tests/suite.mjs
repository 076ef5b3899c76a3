// A list of tests, run one after the other.

const tests = [];

/** Adds a test; its name is the behaviour that it pins. */
export function test(name, body) {
  tests.push({ name, body });
}

/** Runs the tests whose name has `part`. Whether all passed. */
export function run(part) {
  const chosen = tests.filter(({ name }) => name.includes(part));
  let failed = 0;
  for (const { name, body } of chosen) {
    try {
      body();
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n  ${error.stack}`);
    }
  }
  console.log(`${chosen.length - failed} of ${chosen.length} passed`);
  return failed === 0 && chosen.length > 0;
}
