// cifar-binary (Node only): the binary batches of CIFAR-10 and CIFAR-100: records of labels and three planes of 32 x 32.
import { failure } from "../../errors.ts";
import { holdFile, whileOpening } from "./held-file.ts";
import type { ImageRun } from "./image-set.ts";

const shape = { channels: 3, height: 32, width: 32 } as const;
const planes = 3 * 32 * 32;

/** Opens a batch whose records begin with `labelBytes` labels, the last of which is the class; there are `classes` of them. */
export async function openCifarBinary(path: string, labelBytes: number, classes: number): Promise<ImageRun> {
  return whileOpening(holdFile(path), async (file) => {
    const record = labelBytes + planes;
    const count = file.size / record;
    if (!Number.isInteger(count) || count === 0)
      throw failure("data", {
        where: path,
        expected: `records of ${record} bytes`,
        received: `a file of ${file.size}`,
        remedy: "the file was cut short or is damaged: copy it again",
      });
    const labels = new Int32Array(count);
    const label = new Uint8Array(1);
    for (let image = 0; image < count; image++) {
      file.source.read(image * record + labelBytes - 1, label);
      labels[image] = label[0]!;
      if (labels[image]! >= classes)
        throw failure("data", {
          where: `${path} record ${image + 1}`,
          expected: `a label below ${classes}`,
          received: String(labels[image]),
          remedy: "the file is damaged: copy it again",
        });
    }
    return {
      ...shape,
      where: path,
      count,
      labels,
      async read(from, to) {
        const records = await file.bytes.read(from * record, (to - from) * record);
        const out = new Uint8Array((to - from) * planes);
        for (let i = 0; i < to - from; i++)
          out.set(records.subarray(i * record + labelBytes, (i + 1) * record), i * planes);
        return out;
      },
      close: file.close,
    };
  });
}
