// pickle: reads Python's pickles, protocols 0 to 5, as plain data. Functions and classes are never called: those on an
// allow-list become objects that say what would be made of what, any other name ends the reading.
import type { ByteSource } from "./bytes.ts";
import { type PickleOptions, pickleMachine } from "./machine.ts";
import { runOpcode, stop } from "./opcodes.ts";
import type { PickleValue } from "./values.ts";

export interface Pickle {
  readonly value: PickleValue;
  /** About how many bytes the value takes in memory. */
  readonly memory: number;
}

/**
 * Reads the first pickle of `source`. Long bytes stay where they are, to be read by position. The time is linear in the
 * size of the source. Throws `data` errors, for a name that is not allowed with that name.
 */
export function readPickle(source: ByteSource, options: PickleOptions): Pickle {
  const machine = pickleMachine(source, options);
  for (let code = machine.cursor.byte(); code !== stop; code = machine.cursor.byte()) runOpcode(machine, code);
  return { value: machine.pop(), memory: machine.charged() };
}
