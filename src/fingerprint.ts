// fingerprint: a short name for bytes, to notice that two things differ. Not for security.

/** Two FNV-1a hashes over the bytes with different starts, and the length. */
export function fingerprint(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x01000193) + i;
  }
  return `${bytes.length}-${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}
