// steps: what the scripts share: running a command in the repository's root, and installing dependencies when needed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs one command with its output shown; true when it succeeds. Skips onnxruntime-node's download of CUDA libraries. */
export function run(command, args = []) {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (signal) process.exitCode = 130;
  return status === 0;
}

/** `npm ci`, unless node_modules is at least as new as package-lock.json; true when the dependencies are there. */
export function install() {
  const installed = `${root}/node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}/package-lock.json`).mtimeMs)
    return true;
  return run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}
