// 11-digits: learn 1348 handwritten digits of 8 x 8 pixels in minutes, draw new ones, measure how far they are from real ones.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import * as localflow from "localflow";

const [output = "digits.png", iterations = "4000"] = process.argv.slice(2);
const folder = fileURLToPath(new URL("../demo/digits", import.meta.url));
const bytes = gunzipSync(readFileSync(`${folder}/train-images-idx3-ubyte.gz`));
const [count, height, width] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
const images = { count, channels: 1 as const, height, width, levels: bytes.subarray(16) };

// Two blocks; each has a small transformer that reads an image as four patches of 4 x 4 pixels.
const base = localflow.defaultImageConfiguration(images, "patches", 64);
const blocks = base.blocks.map((block) => {
  const network = block.network.kind === "patches" ? { ...block.network, patch: 4 } : block.network;
  return { ...block, network, iterations: Number(iterations), learningRate: 2e-3 };
});
const engine = await localflow.createEngine();
const { model, report } = await localflow.fitImages(engine, { images, configuration: { ...base, seed: 1, blocks } });
for (const [n, { loss, seconds, pushSeconds }] of report.blocks.entries())
  console.log(`block ${n + 1}: loss ${loss.toFixed(3)}, ${(seconds + pushSeconds).toFixed(0)} s`);

for await (const { block } of localflow.sampleImages(engine, model, { images: 64, seed: 1 }))
  writeFileSync(output, localflow.rasterPng(localflow.imageGrid(block, { scale: 4 })));
await engine.close();

// `localflow evaluate` draws as many images as there are test images, and looks at both through a small classifier.
const path = output.replace(/\.png$/, ".safetensors");
writeFileSync(path, localflow.encodeImageModel(model));
const command = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const words = ["evaluate", path, folder, "--seed", "1", "--json", "--quiet"];
const found = execFileSync(process.execPath, [...process.execArgv, command, ...words], { encoding: "utf8" });
const { value, standardError, floor, baselines } = JSON.parse(found).measures.frechet;
console.log(`Fréchet distance ${value.toFixed(1)} ± ${standardError.toFixed(1)}`);
console.log(`pixel Gaussian ${baselines.gaussian.value.toFixed(1)}, real images ${floor.value.toFixed(1)}`);
