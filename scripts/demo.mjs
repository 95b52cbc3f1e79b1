// demo: `npm run demo` on a fresh machine: installs, builds, and runs `localflow demo` with the arguments given.
import { install, root, run } from "./steps.mjs";

const done =
  install() &&
  run("npm", ["run", "--silent", "build"]) &&
  run(process.execPath, [`${root}/dist/cli/main.js`, "demo", ...process.argv.slice(2)]);
if (!done) process.exitCode ??= 1;
