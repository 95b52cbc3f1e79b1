// python: the interpreter that some tests hold files against, and whether it has what they need.
import { spawnSync } from "node:child_process";

export const python = process.env["LOCALFLOW_PYTHON"] ?? "python3";

/** Whether it can import these modules. */
export function pythonHas(...modules: readonly string[]): boolean {
  return spawnSync(python, ["-c", `import ${modules.join(", ")}`]).status === 0;
}
