// texts: constants and outputs of strings, written and read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { OnnxModel, OnnxTexts } from "../../src/onnx/model.ts";
import { renamedValues } from "../../src/onnx/rename.ts";
import { attempt, damaged } from "../support/damage.ts";

function wordModel(value: OnnxTexts): OnnxModel {
  return {
    graph: {
      name: "words",
      inputs: [{ name: "place", type: "int64", shape: ["rows"] }],
      outputs: [{ name: "word", type: "string", shape: ["rows"] }],
      constants: [],
      texts: [{ name: "words", value }],
      nodes: [{ operator: "Gather", inputs: ["words", "place"], outputs: ["word"], attributes: {} }],
    },
    opset: 17,
    producer: "localflow",
    metadata: {},
  };
}

const words: OnnxTexts = { type: "string", shape: [4], texts: ["", "Ünïcödé 🙂", "a\u0000b", "x".repeat(300)] };

describe("texts in a model", () => {
  it("come back as they were, in constants and as the type of an output", () => {
    const model = wordModel(words);
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  it("must be as many as their shape says, written and read", () => {
    expect(() => encodeModel(wordModel({ ...words, shape: [3] }))).toThrow(
      /constant words: expected 3 texts for shape \[3\], got 4/,
    );
    const bytes = encodeModel(wordModel({ type: "string", shape: [2], texts: ["yes", "no!"] }));
    // The only packed list of sizes of one byte that is 2.
    const at = bytes.findIndex(
      (byte, n) => byte === 0x0a && bytes[n + 1] === 1 && bytes[n + 2] === 2 && bytes[n + 3] === 0x10,
    );
    bytes[at + 2] = 3;
    expect(() => decodeModel(bytes)).toThrow(/words: expected 3 texts for shape \[3\], got 2/);
  });

  it("are read or refused by a sentence, whatever the bytes", () => {
    fc.assert(
      fc.property(damaged(encodeModel(wordModel(words))), (bytes) => {
        attempt(() => decodeModel(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("are renamed with everything else, in inner graphs too, but for what is left out", () => {
    const { graph } = wordModel(words);
    const outer = {
      ...graph,
      nodes: [
        {
          operator: "Loop",
          inputs: ["place", ""],
          outputs: ["word"],
          attributes: { body: { kind: "graph" as const, value: graph } },
        },
      ],
    };
    const renamed = renamedValues(outer, (name) => `_${name}`);
    const [loop] = renamed.nodes;
    expect(loop).toMatchObject({ inputs: ["_place", ""], outputs: ["_word"] });
    expect(renamed.texts?.[0]?.name).toBe("_words");
    expect(loop?.attributes["body"]).toMatchObject({
      value: { nodes: [{ inputs: ["_words", "_place"] }], inputs: [{ name: "_place" }] },
    });
  });
});
