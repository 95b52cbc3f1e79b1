// machine: the stack, the memo and the allow-list behind the opcodes of a pickle.
import { failure, type LocalFlowError } from "../../errors.ts";
import { shorten } from "../columns.ts";
import { type ByteCursor, type ByteSource, byteCursor } from "./bytes.ts";
import { latin1Bytes } from "./text.ts";
import {
  isKind,
  itemsOf,
  type PickleDict,
  type PickleName,
  type PickleObject,
  type PickleValue,
  spokenValue,
} from "./values.ts";

export interface PickleOptions {
  /** Name of the source in error messages. */
  readonly where: string;
  /** Full names of the functions and classes that may occur, beside Python's own containers. */
  readonly allowed: ReadonlySet<string>;
  /** What the pickle should hold, for the message about any other name: "a pandas frame of numbers". */
  readonly expected: string;
  /** Most bytes that the values may take, numbers left in the file aside; default 2 GiB. */
  readonly memory?: number;
}

export interface PickleMachine {
  readonly source: ByteSource;
  readonly cursor: ByteCursor;
  readonly memo: Map<number, PickleValue>;
  push(value: PickleValue): void;
  pop(): PickleValue;
  /** The value on top, which stays. */
  top(): PickleValue;
  mark(): void;
  /** What lies above the last mark, which goes too. */
  popToMark(): PickleValue[];
  /** The length of what follows: refused beyond the end of the file. */
  length(bytes: number): number;
  /** Counts bytes about to be allocated. */
  charge(bytes: number): void;
  charged(): number;
  name(module: PickleValue, name: PickleValue): PickleName;
  call(callee: PickleValue, args: readonly PickleValue[]): PickleValue;
  error(expected: string, received: string): LocalFlowError;
}

/** Bytes that values may take where nothing else is said. */
export const defaultMemory = 2 ** 31;

/** About what a value takes in memory with its place on the stack or in a container. */
const valueBytes = 48;
const longestName = 200;

/** Python's own names whose calls are turned into plain data, or kept as objects, by `call`. */
const ownNames: ReadonlySet<string> = new Set([
  "_codecs.encode",
  "builtins.bytearray",
  "builtins.bytes",
  "builtins.frozenset",
  "builtins.object",
  "builtins.set",
  "builtins.slice",
  "collections.OrderedDict",
  "copyreg.__newobj__",
  "copyreg._reconstructor",
]);

/** How Python 2 calls the modules of `ownNames`. */
const renamed = new Map([
  ["__builtin__", "builtins"],
  ["copy_reg", "copyreg"],
]);

/** A machine with an empty stack before the first opcode of `source`. */
export function pickleMachine(source: ByteSource, options: PickleOptions): PickleMachine {
  const { where, memory = defaultMemory } = options;
  const cursor = byteCursor(source, where);
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  let spent = 0;

  const error = (expected: string, received: string) =>
    failure("data", { where: `${where} byte ${cursor.position()}`, expected, received, remedy: "the file is damaged" });

  function charge(bytes: number): void {
    spent += bytes;
    if (spent > memory)
      throw failure("data", {
        where,
        expected: `values within ${Math.floor(memory / 2 ** 20)} MiB`,
        received: "more",
        remedy: "raise --memory, or write only the columns of numbers",
      });
  }

  function checkAbove(): void {
    if (stack.length <= (marks.at(-1) ?? 0)) throw error("a value on the stack", "none");
  }

  return {
    source,
    cursor,
    memo: new Map(),
    error,
    charge,
    charged: () => spent,
    push(value) {
      charge(valueBytes);
      stack.push(value);
    },
    pop() {
      checkAbove();
      return stack.pop()!;
    },
    top() {
      checkAbove();
      return stack.at(-1)!;
    },
    mark() {
      charge(valueBytes);
      marks.push(stack.length);
    },
    popToMark() {
      const start = marks.pop();
      if (start === undefined) throw error("a mark on the stack", "none");
      return stack.splice(start);
    },
    length(bytes) {
      const length = cursor.unsigned(bytes);
      const rest = source.size - cursor.position();
      if (length > rest) throw error(`at most ${rest} bytes`, String(length));
      return length;
    },
    name(module, name) {
      if (typeof module !== "string" || typeof name !== "string" || module.length + name.length > longestName)
        throw error("the name of a function or class", spokenValue(typeof module === "string" ? name : module));
      const full = `${renamed.get(module) ?? module}.${name}`;
      if (ownNames.has(full) || options.allowed.has(full)) return { kind: "name", name: full };
      throw failure("data", {
        where,
        expected: options.expected,
        received: shorten(`${module}.${name}`.replace(/[^ -~]/g, "?")),
        remedy: "nothing of the file was run; write it with numbers only",
      });
    },
    call(callee, args) {
      if (!isKind(callee, "name")) throw error("a function or class to call", spokenValue(callee));
      charge(valueBytes + 8 * args.length + copiedBytes(args[0]));
      const made = callOwn(callee, args);
      if (made === undefined) throw error(`arguments that ${callee.name} takes`, "others");
      return made;
    },
  };
}

/** At most what `callOwn` allocates for its first argument, which many calls may share. */
function copiedBytes(value: PickleValue | undefined): number {
  if (typeof value === "string" || isKind(value, "text")) return value.length;
  return 32 * (itemsOf(value)?.length ?? 0);
}

/** Plain data for what Python's own functions make, an object for all else; undefined for wrong arguments. */
function callOwn(callee: PickleName, args: readonly PickleValue[]): PickleValue | undefined {
  const [first, second] = args;
  switch (callee.name) {
    case "copyreg._reconstructor":
      return isKind(first, "name") ? objectOf(first, []) : undefined;
    case "copyreg.__newobj__":
      return isKind(first, "name") ? objectOf(first, args.slice(1)) : undefined;
    case "_codecs.encode":
      return isLatin1(second) ? latin1Bytes(first) : undefined;
    case "builtins.bytes":
    case "builtins.bytearray":
      if (isKind(first, "bytes")) return first;
      return first === undefined ? latin1Bytes("") : isLatin1(second) ? latin1Bytes(first) : undefined;
    case "builtins.set":
    case "builtins.frozenset": {
      const items = first === undefined ? [] : itemsOf(first);
      return items && { kind: "set", items: [...items] };
    }
    case "collections.OrderedDict":
      return first === undefined ? { kind: "dict", keys: [], values: [] } : dictOfPairs(first);
    default:
      return objectOf(callee, args);
  }
}

function objectOf({ name }: PickleName, args: readonly PickleValue[]): PickleObject {
  return { kind: "object", name, args, state: undefined };
}

function isLatin1(encoding: PickleValue | undefined): boolean {
  return typeof encoding === "string" && /^(latin-?1|iso-?8859-1)$/i.test(encoding);
}

function dictOfPairs(value: PickleValue): PickleDict | undefined {
  const pairs = itemsOf(value)?.map(itemsOf);
  if (pairs === undefined || !pairs.every((pair) => pair?.length === 2)) return undefined;
  return { kind: "dict", keys: pairs.map((pair) => pair![0]!), values: pairs.map((pair) => pair![1]!) };
}
