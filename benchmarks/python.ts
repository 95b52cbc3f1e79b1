// python: one request to a script of peers/ in LOCALFLOW_PYTHON, or python3.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What the script printed as JSON, or the last line of its complaints. */
export type PythonAnswer =
  | { readonly kind: "answer"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "failed"; readonly python: string; readonly reason: string };

/** Runs `peers/SCRIPT` with the request on its standard input. */
export async function askPython(
  script: string,
  request: object,
  environment: Readonly<Record<string, string>> = {},
): Promise<PythonAnswer> {
  const python = process.env["LOCALFLOW_PYTHON"] || "python3";
  const path = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const child = spawn(python, [path], { stdio: "pipe", env: { ...process.env, ...environment } });
  const [output, complaints] = [[] as string[], [] as string[]];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => complaints.push(bytes.toString()));
  child.stdin.on("error", () => {}); // a process that is gone is reported below
  child.stdin.end(JSON.stringify(request));
  const status = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(code ?? "a signal"));
  });
  if (status === 0) return { kind: "answer", value: JSON.parse(output.join("")) };
  return { kind: "failed", python, reason: complaints.join("").trim().split("\n").at(-1) || String(status) };
}
