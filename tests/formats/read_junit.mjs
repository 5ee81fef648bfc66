// read_junit.mjs FILE - JUnit XML as a reader of CI servers' sees it: one line for each case.
import { readFileSync } from "node:fs";
import { parse } from "junit2json";

const suites = await parse(readFileSync(process.argv[2], "utf8"));
console.log(`tests ${suites.tests} failures ${suites.failures} errors ${suites.errors}`);
for (const suite of suites.testsuite)
  for (const test of suite.testcase) {
    const outcome = test.error ? "error" : test.failure ? "failure" : "passed";
    console.log([suite.name, test.name, outcome, test.file ?? "", test.line ?? "", test.failure?.[0]?.message ?? ""].join(" | "));
  }
