// table-peer: asks peers/tables.py, scikit-learn's side of the comparisons on tables.
import { askPython } from "./python.ts";

/** The answer, or in one line why there is none. */
export type PeerAnswer = { readonly kind: "answer"; readonly value: Readonly<Record<string, unknown>> } | Absent;

interface Absent {
  readonly kind: "absent";
  readonly reason: string;
}

/** Runs one request by LOCALFLOW_PYTHON, or python3. */
export async function askTables(request: object): Promise<PeerAnswer> {
  const answer = await askPython("tables.py", request);
  if (answer.kind === "answer") return answer;
  const { python, reason } = answer;
  return {
    kind: "absent",
    reason: `scikit-learn is absent: ${python} said "${reason}"; LOCALFLOW_PYTHON names a Python that has it`,
  };
}
