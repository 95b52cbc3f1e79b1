// seal: a fingerprint beside a record and its tensors, so that a damaged file is noticed even where every number looks right.
import { encodeSafetensors, type Safetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import type { NDArray } from "../tensor/array.ts";

const recordName = "localflow";
const sealName = "localflow.fingerprint";

type Tensors = Readonly<Record<string, NDArray>>;

/** A safetensors file of the tensors and the record, with the fingerprint of both. */
export function encodeSealed(tensors: Tensors, record: string): Uint8Array {
  return encodeSafetensors(tensors, { [recordName]: record, [sealName]: sealOf(tensors, record) });
}

/** Throws code "model" when the file was changed after it was written. Files without a fingerprint, of older versions, pass. */
export function checkSeal({ tensors, metadata }: Safetensors, where: string): void {
  const expected = metadata[sealName];
  const record = metadata[recordName];
  if (expected === undefined || record === undefined) return;
  const received = sealOf(tensors, record);
  if (received === expected) return;
  throw failure("model", {
    where,
    expected: `contents with the fingerprint ${expected}`,
    received,
    remedy: "the file is damaged: copy it again or restore it from a backup",
  });
}

/** Of the record and of every tensor's name, shape and bytes, whatever their order in the file. */
function sealOf(tensors: Tensors, record: string): string {
  const parts = Object.entries(tensors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { type, shape, data }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, type, shape, fingerprint(bytes)];
    });
  return fingerprint(new TextEncoder().encode(JSON.stringify([record, parts])));
}
