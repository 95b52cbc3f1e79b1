// interruption: a process that is killed or interrupted at any time leaves whole files only, and the next run goes on.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillNormal, random } from "../../src/random.ts";
import { localflow } from "../support/command-line.ts";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const files = new URL("../../dist/data/files.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "localflow-interruption-"));
const at = (name: string) => join(folder, name);
const data = at("data.csv");
const whole = at("whole.safetensors");
const recipe = "--steps 0.3,free --hidden 16x1 --iterations 1500 --batch-size 200 --threads 1 --seed 3 --quiet".split(
  " ",
);
const fitting = (output: string, ...more: readonly string[]) => ["fit", data, "-o", output, ...recipe, ...more];

interface Child {
  readonly process: ChildProcess;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly err: () => string;
}

/** Starts Node as a process of its own. */
function startNode(args: readonly string[]): Child {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  child.stderr.on("data", (piece) => {
    err += piece;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve(status ?? signal ?? -1));
  });
  return { process: child, ended, err: () => err };
}

/** Starts the built command. */
const start = (args: readonly string[]) => startNode([main, ...args]);

/** Waits until `isTrue`, for ten seconds at most. */
async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + 10_000; !isTrue(); await sleep(2))
    if (performance.now() > deadline) expect.fail(`waited in vain for ${what}`);
}

const left = (start: string) => readdirSync(folder).filter((name) => name.startsWith(start));
const temporaries = () => left(".localflow-");

let seconds = 0;
beforeAll(async () => {
  expect(existsSync(main), "dist/cli/main.js is there: run `npm run build` before this test").toBe(true);
  const z = new Float32Array(2000);
  fillNormal(random(1), z);
  writeFileSync(data, `a,b\n${Array.from({ length: 1000 }, (_, n) => `${z[2 * n]},${z[2 * n + 1]}`).join("\n")}\n`);
  const started = performance.now();
  const fitted = start(fitting(whole));
  expect({ ended: await fitted.ended, err: fitted.err() }).toEqual({ ended: 0, err: "" });
  seconds = (performance.now() - started) / 1000;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kill -9", () => {
  it.each([0, 1, 2])("number %i leaves no output or a whole one, and the next fit is not disturbed", async (run) => {
    const output = at(`killed${run}.safetensors`);
    const moment = Math.random() * 1.1 * seconds;
    const child = start(fitting(output));
    await Promise.race([sleep(1000 * moment), child.ended]);
    child.process.kill("SIGKILL");
    expect(["SIGKILL", 0]).toContain(await child.ended);
    const note = `killed after ${moment.toFixed(2)} of ${seconds.toFixed(2)} seconds`;
    if (existsSync(output)) expect(readFileSync(output).equals(readFileSync(whole)), note).toBe(true);
    const flags = existsSync(`${output}.checkpoint`) ? ["--resume", "--force"] : ["--force"];
    const again = await localflow(...fitting(output, ...flags));
    expect(again, note).toMatchObject({ status: 0, err: "" });
    expect(readFileSync(output).equals(readFileSync(whole)), note).toBe(true);
    expect(left(`killed${run}`), note).toEqual([`killed${run}.safetensors`]);
    for (const name of temporaries()) rmSync(at(name));
  });
});

describe("Ctrl-C", () => {
  it.each([
    ["half way", () => true, 0.6],
    ["in the second block", (output: string) => existsSync(`${output}.checkpoint`), 0],
  ] as const)(
    "%s saves a checkpoint, and --resume gives the bytes of an uninterrupted fit",
    async (_, isTime, share) => {
      const output = at("stopped.safetensors");
      const child = start(fitting(output).filter((arg) => arg !== "--quiet"));
      await sleep(share * seconds * 1000);
      await until(() => isTime(output), "a checkpoint");
      child.process.kill("SIGINT");
      expect(await child.ended).toBe(130);
      expect(child.err()).toMatch(/localflow: [^\n]*repeat the command with --seed 3 --resume to go on\n$/);
      expect(left("stopped")).toEqual(["stopped.safetensors.checkpoint"]);
      expect(temporaries()).toEqual([]);
      expect(await localflow(...fitting(output, "--resume"))).toMatchObject({ status: 0, err: "" });
      expect(readFileSync(output).equals(readFileSync(whole))).toBe(true);
      expect(left("stopped")).toEqual(["stopped.safetensors"]);
      rmSync(output);
    },
  );

  it.each([1, 2])("pressed %i times while a file is written leaves nothing of it", async (times) => {
    const child = start(["sample", whole, "-n", "100000000", "--seed", "1", "--threads", "1", "-o", at("many.csv")]);
    await until(() => temporaries().length > 0, "the temporary file");
    for (let pressed = 0; pressed < times; pressed++) {
      child.process.kill("SIGINT");
      await Promise.race([sleep(50), child.ended]);
    }
    // A second press may meet a process that is just leaving: shells report both ends as 130.
    expect(times === 1 ? [130] : [130, "SIGINT"]).toContain(await child.ended);
    expect([...left("many"), ...temporaries()]).toEqual([]);
  });
});

describe("an exit at once", () => {
  it("leaves no temporary file, whatever the turn of the event loop", async () => {
    const exiting = `
      import { checkWritable, writeFileAtomically } from ${JSON.stringify(files)};
      const [path, turns] = process.argv.slice(1);
      let left = Number(turns);
      const turn = () => (left-- > 0 ? setImmediate(turn) : process.exit(130));
      turn();
      await checkWritable(path);
      await writeFileAtomically(path, (function* () { for (;;) yield "endless\\n"; })());`;
    for (let turns = 0; turns < 40; turns += 4) {
      const four = [0, 1, 2, 3].map((more) =>
        startNode(["--input-type=module", "-e", exiting, at("endless"), String(turns + more)]),
      );
      for (const child of four) expect([await child.ended, child.err()]).toEqual([130, ""]);
    }
    expect([...left("endless"), ...temporaries()]).toEqual([]);
  });
});
