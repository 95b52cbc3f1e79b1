// table-peer: asks peers/tables.py, scikit-learn's side of the comparisons on tables.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The answer, or in one line why there is none. */
export type PeerAnswer = { readonly kind: "answer"; readonly value: Readonly<Record<string, unknown>> } | Absent;

interface Absent {
  readonly kind: "absent";
  readonly reason: string;
}

/** Runs one request by LOCALFLOW_PYTHON, or python3. */
export async function askTables(request: object): Promise<PeerAnswer> {
  const python = process.env["LOCALFLOW_PYTHON"] || "python3";
  const script = fileURLToPath(new URL("./peers/tables.py", import.meta.url));
  const child = spawn(python, [script], { stdio: "pipe" });
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
  const reason = complaints.join("").trim().split("\n").at(-1) || String(status);
  return {
    kind: "absent",
    reason: `scikit-learn is absent: ${python} said "${reason}"; LOCALFLOW_PYTHON names a Python that has it`,
  };
}
