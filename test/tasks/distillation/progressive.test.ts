// progressive: stages whose pieces lie inside each other, and a student of one map by way of students of more.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { distillDensity } from "../../../src/tasks/distillation/distill.ts";
import { stagesOf } from "../../../src/tasks/distillation/progressive.ts";
import { segmentsOf } from "../../../src/tasks/distillation/segments.ts";
import { decodeStudent, encodeStudent } from "../../../src/tasks/distillation/student-file.ts";
import { affineModel, rotation } from "../../support/affine-model.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe("the stages of a progressive distillation", () => {
  it.each([
    [4, [4, 2]],
    [8, [32, 16]],
    [1, [8, 4]],
    [2, [8, 4]],
    [6, [24, 12]],
  ])("lead to %i maps by pieces inside each other", (evaluations, counts) => {
    const distances = evaluations === 4 ? [1] : [1, 2, 1, 3];
    const whole = segmentsOf(distances, evaluations === 4 ? 1 : evaluations);
    const stages = stagesOf(whole);
    expect(stages.map(({ length }) => length)).toEqual([...counts, whole.length]);
    for (const stage of stages) {
      expect([stage[0]?.from, stage.at(-1)?.to]).toEqual([distances.length, 0]);
      stage.slice(1).forEach(({ from }, k) => expect(from).toBe(stage[k]?.to));
    }
    const ends = (n: number) => (stages[n] ?? []).map(({ to }) => to);
    for (const n of [1, 2]) for (const end of ends(n)) expect(ends(n - 1)).toContain(end);
  });

  it("end in one map that is near the teacher, and the file says how it was made", async () => {
    const teacher = affineModel({ matrix: rotation(1), blocks: 2 });
    const request = { teacherName: "t", seed: 1, rows: 2048, iterations: 900, batchSize: 128, learningRate: 0.1 };
    const { student, report } = await distillDensity(engine, teacher, {
      ...request,
      evaluations: 1,
      objective: "progressive",
    });
    expect(student.maps.map(({ segment }) => segment)).toEqual([{ from: 2, to: 0 }]);
    // A turn by two radians: the identity is at a distance above 1.
    expect(report.distance.final).toBeLessThan(0.02);
    expect(decodeStudent(encodeStudent(student)).record.training.objective).toBe("progressive");
  });
});
