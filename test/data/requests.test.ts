// requests: options that are not known and values that cannot be are told by name.
import { expect, it, test } from "vitest";
import {
  bytesRule,
  callback,
  checkRequest,
  checkValue,
  choice,
  number,
  type Rules,
  required,
  signal,
  texts,
  truth,
  whole,
} from "../../src/data/requests.ts";
import { LocalFlowError } from "../../src/errors.ts";

interface Wishes {
  readonly rows: number;
  readonly share?: number;
  readonly best?: boolean;
  readonly kind?: "wide" | "long";
  readonly names?: readonly string[];
  readonly onDone?: () => void;
  readonly signal?: AbortSignal;
}

const rules: Rules<Wishes> = {
  rows: required(whole({ atLeast: 1 })),
  share: number({ above: 0, atMost: 1 }),
  best: truth,
  kind: choice(["wide", "long"]),
  names: texts,
  onDone: callback,
  signal,
};

/** What is told of a request as a program without types may make it. */
function told(request: unknown): string | undefined {
  try {
    checkRequest(request as Wishes, rules, "wish");
  } catch (error) {
    expect(error).toBeInstanceOf(LocalFlowError);
    expect(error).toMatchObject({ code: "option" });
    return (error as LocalFlowError).message;
  }
  return undefined;
}

test.each<[string, unknown]>([
  [
    "all of them",
    { rows: 1, share: 1, best: false, kind: "long", names: [], onDone: () => {}, signal: AbortSignal.abort() },
  ],
  ["undefined where nothing has to be said", { rows: 3, share: undefined, kind: undefined }],
])("takes %s", (_, request) => {
  expect(told(request)).toBeUndefined();
});

const known = "rows, share, best, kind, names, onDone, signal";
test.each<[unknown, string]>([
  [undefined, "wish: expected an object of options, got nothing; give one"],
  [null, "wish: expected an object of options, got null; give one"],
  [[], "wish: expected an object of options, got an empty list; give one"],
  [{ rows: 1, shre: 1 }, `shre: expected one of the options ${known}, got another one; did you mean "share"?`],
  [{ rows: 1, onStage: 1 }, `onStage: expected one of the options ${known}, got another one; leave it out`],
  [{ row: 1 }, `row: expected one of the options ${known}, got another one; did you mean "rows"?`],
  [{}, "rows: expected a whole number at least 1, got nothing; give one"],
  [{ rows: 0 }, "rows: expected a whole number at least 1, got 0; give one"],
  [{ rows: 1.5 }, "rows: expected a whole number at least 1, got 1.5; give one"],
  [{ rows: "12" }, 'rows: expected a whole number at least 1, got "12"; leave out the quotes'],
  [{ rows: "0" }, 'rows: expected a whole number at least 1, got "0"; give one'],
  [{ rows: 1, share: Number.NaN }, "share: expected a number above 0 and at most 1, got NaN; give one or leave it out"],
  [{ rows: 1, share: null }, "share: expected a number above 0 and at most 1, got null; give one or leave it out"],
  [{ rows: 1, share: 2 }, "share: expected a number above 0 and at most 1, got 2; give one or leave it out"],
  [{ rows: 1, best: 1 }, "best: expected true or false, got 1; give one or leave it out"],
  [{ rows: 1, kind: "wid" }, 'kind: expected one of wide, long, got "wid"; did you mean "wide"?'],
  [{ rows: 1, kind: 3 }, "kind: expected one of wide, long, got 3; give one or leave it out"],
  [{ rows: 1, names: "a" }, 'names: expected a list of texts, got "a"; give one or leave it out'],
  [{ rows: 1, names: ["a", 2] }, "names: expected a list of texts, got a list; give one or leave it out"],
  [{ rows: 1, onDone: {} }, "onDone: expected a function, got an object; give one or leave it out"],
  [{ rows: 1, signal: () => {} }, "signal: expected an AbortSignal, got a function; give one or leave it out"],
  [
    { rows: 1, signal: Promise.resolve() },
    "signal: expected an AbortSignal, got a promise, which is to be awaited; give one or leave it out",
  ],
])("of %j tells what is wrong", (request, message) => {
  expect(told(request)).toBe(message);
});

it("tells of a value alone what its rule says is to be done", () => {
  expect(() => checkValue(new Uint8Array(3), bytesRule, "model")).not.toThrow();
  expect(() => checkValue("x", bytesRule, "model")).toThrow(
    expect.objectContaining({
      code: "model",
      message: 'model: expected bytes, got "x"; give those of its file as a Uint8Array',
    }),
  );
});
