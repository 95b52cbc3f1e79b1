// check: `npm run check`: installs, builds, lints, typechecks and tests. Every step runs; any failure fails the whole.
// With LOCALFLOW_TEST_REPORT=FILE the tests' JSON report is written there as well.
import { install, run } from "./steps.mjs";

const report = process.env.LOCALFLOW_TEST_REPORT;
const reporters = report ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];

const steps = [
  ["build", "npm", ["run", "--silent", "build"]],
  ["lint", "npx", ["--no-install", "biome", "ci"]],
  ["typecheck", "npx", ["--no-install", "tsc", "-p", "tsconfig.json"]],
  ["test", "npx", ["--no-install", "vitest", "run", ...reporters]],
];

if (install()) {
  const failed = steps.filter(([name, command, args]) => {
    console.log(`\n== ${name}`);
    return !run(command, args);
  });
  if (failed.length > 0) {
    console.error(`\ncheck failed: ${failed.map(([name]) => name).join(", ")}`);
    process.exitCode ??= 1;
  }
} else {
  console.error("\ncheck failed: install");
  process.exitCode ??= 1;
}
