// 10-images: learn images and draw new ones: those of a folder of IDX files (MNIST and its like), or rings drawn here.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as localflow from "localflow";

const [output = "images.png", folder] = process.argv.slice(2);
const mean = (levels: Uint8Array) => Math.round(levels.reduce((a, b) => a + b, 0) / levels.length);
const images = folder ? idxImages(`${folder}/train-images-idx3-ubyte`, 2000) : rings(200, 8);
console.log(`${images.count} images of ${images.height} x ${images.width}`);

// The recipe is a plain object. This one is for seconds: a small network, one free block, which is plain Flow Matching.
const base = localflow.defaultImageConfiguration(images, "unet", 12);
const blocks = base.blocks.slice(-1).map((block) => ({ ...block, iterations: 200, learningRate: 4e-3 }));
const engine = await localflow.createEngine();
const integration = { kind: "fixed", method: "midpoint", evaluations: 16 } as const;
const training = { ...base.training, batchSize: 32, movingAverage: 0.97 };
const configuration = { ...base, blocks, integration, training };
const { model, report } = await localflow.fitImages(engine, { images, configuration });
console.log(`loss ${report.blocks[0]?.loss.toFixed(3)} with ${report.parameters} parameters`);

// Image i depends on the seed and on i alone. A grid is a picture of all of them.
for await (const { block } of localflow.sampleImages(engine, model, { images: 16, seed: 1 })) {
  writeFileSync(output, localflow.rasterPng(localflow.imageGrid(block, { scale: 4 })));
  console.log(`mean level of samples ${mean(block.levels)}, of the data ${mean(images.levels)}`);
}
await engine.close();

/** The first images of an IDX file: a header of four numbers, then a byte for every pixel. */
function idxImages(path: string, most: number) {
  const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
  const [count, height, width] = [Math.min(most, bytes.readUInt32BE(4)), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  return { count, channels: 1 as const, height, width, levels: bytes.subarray(16, 16 + count * height * width) };
}

function rings(count: number, side: number) {
  const far = (at: number) => Math.hypot((at % side) - 3.5, (Math.floor(at / side) % side) - 3.5);
  const isOn = (at: number) => Math.abs(far(at) - 1.5 - (Math.floor(at / side ** 2) % 5) / 2) < 0.6;
  const levels = Uint8Array.from({ length: count * side ** 2 }, (_, at) => (isOn(at) ? 230 : 20));
  return { count, channels: 1 as const, height: side, width: side, levels };
}
