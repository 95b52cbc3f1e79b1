// fill-turns: in which order the gaps of a row are filled, and what each of them is told.
import { dimensionStates } from "../../flow/masked.ts";
import { canFill } from "./fill-cells.ts";
import type { ColumnSpan } from "./points.ts";
import type { TableModel } from "./table-model.ts";

const { free, given, absent } = dimensionStates;

/**
 * The states [rows · d] of one turn after the other, of rows whose gaps are free in `states`: most often there is one turn. Of two columns
 * that no training row had both of, one is filled after the other, and without it.
 */
export function fillTurns(
  { neverTogether = [] }: Pick<TableModel, "neverTogether">,
  spans: readonly ColumnSpan[],
  states: Uint8Array,
  d: number,
): readonly Uint8Array[] {
  const apart = strangersOf(neverTogether, spans);
  if (apart.every((others) => others.length === 0)) return [states];
  const turns: Uint8Array[] = [states.slice()];
  for (let from = 0; from < states.length; from += d) {
    const stateOf = (span: ColumnSpan) => states[from + valueStart(span)];
    const turnOf = new Map<number, number>();
    spans.forEach((span, place) => {
      if (!canFill(span) || stateOf(span) !== free) return;
      const taken = new Set(apart[place]!.map((other) => turnOf.get(other)));
      let turn = 0;
      while (taken.has(turn)) turn++;
      turnOf.set(place, turn);
    });
    const last = Math.max(0, ...turnOf.values());
    while (turns.length <= last) turns.push(keptStates(states));
    for (let turn = 0; turn <= last; turn++) {
      const isAsked = (place: number) => turnOf.get(place) === turn;
      spans.forEach((span, place) => {
        const own = turnOf.get(place);
        if (own === undefined && stateOf(span) !== given) return;
        const isStranger = apart[place]!.some(isAsked);
        const isLater = own !== undefined && own > turn;
        const state = isAsked(place) ? free : isStranger || isLater ? absent : given;
        turns[turn]!.fill(state, from + valueStart(span), from + span.end);
      });
    }
  }
  return turns;
}

function valueStart({ start, hasGap }: ColumnSpan): number {
  return start + Number(hasGap);
}

/** Of each span, the places of those that were never known beside it. */
function strangersOf(pairs: readonly (readonly [string, string])[], spans: readonly ColumnSpan[]) {
  const placeOf = new Map(spans.map(({ column }, place) => [column.name, place]));
  const out: number[][] = spans.map(() => []);
  for (const [first, second] of pairs) {
    const [a, b] = [placeOf.get(first), placeOf.get(second)];
    if (a === undefined || b === undefined) continue;
    out[a]!.push(b);
    out[b]!.push(a);
  }
  return out;
}

/** States in which nothing is free: for rows that are filled before. */
function keptStates(states: Uint8Array): Uint8Array {
  return states.map((state) => (state === free ? given : state));
}
