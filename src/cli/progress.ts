// progress: one live line on a terminal, a plain line now and then elsewhere, nothing when quiet.
import type { Progress } from "../tasks/progress.ts";
import { short, spokenTime } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Receives progress; `clear` removes the live line before anything else is printed. */
export interface ProgressView {
  readonly show: (progress: Progress) => void;
  readonly clear: () => void;
  /** Names a stage that begins, on a line of its own. */
  readonly say: (stage: string) => void;
}

const redrawEvery = 0.1;
const plainEvery = 10;
const barCells = 24;

/** The view that suits the terminal. `clock` gives seconds. */
export function progressView(
  terminal: Terminal,
  { quiet }: { readonly quiet?: boolean },
  clock: () => number = () => performance.now() / 1000,
): ProgressView {
  if (quiet) return { show: () => {}, clear: () => {}, say: () => {} };
  const start = clock();
  const draw = terminal.draw ?? terminal.err;
  const every = terminal.interactive ? redrawEvery : plainEvery;
  let last = terminal.interactive ? Number.NEGATIVE_INFINITY : start;
  let drawn = false;
  const clear = () => {
    if (drawn) draw("\r\x1b[K");
    drawn = false;
  };
  return {
    show: (progress) => {
      const now = clock();
      if (now - last < every) return;
      last = now;
      const line = progressLine(progress, now - start);
      if (!terminal.interactive) return terminal.err(`localflow: ${line}\n`);
      drawn = true;
      draw(`\r${liveLine(line, progress.fraction, terminal)}\x1b[K`);
    },
    clear,
    say: (stage) => {
      clear();
      terminal.err(`localflow: ${stage} …\n`);
    },
  };
}

/** ` 42% block 2/4 train 1200/5000 loss 0.1234 1m 20s left`; the remaining time supposes the pace so far. */
export function progressLine(progress: Progress, elapsed: number): string {
  const { stage, block, blocks, iteration, iterations, loss, fraction } = progress;
  const known = (value: number | undefined, text: string) => (value === undefined ? [] : [text]);
  return [
    `${String(Math.floor(100 * clamp(fraction))).padStart(3)}%`,
    ...known(block, `block ${block}${blocks === undefined ? "" : `/${blocks}`}`),
    stage,
    ...known(iteration, `${iteration}${iterations === undefined ? "" : `/${iterations}`}`),
    ...known(loss, `loss ${short(loss ?? 0, 4)}`),
    ...(fraction > 0.01 && fraction < 1 && elapsed > 1
      ? [`${spokenTime((elapsed * (1 - fraction)) / fraction)} left`]
      : []),
  ].join(" ");
}

function liveLine(line: string, fraction: number, { color, width }: Terminal): string {
  const cells = Math.round(barCells * clamp(fraction));
  const room = width() - barCells - 2;
  if (room < 20) return line.slice(0, Math.max(0, width() - 1));
  const bar = color
    ? `\x1b[36m${"━".repeat(cells)}\x1b[90m${"━".repeat(barCells - cells)}\x1b[0m`
    : `${"#".repeat(cells)}${"-".repeat(barCells - cells)}`;
  return `${bar} ${line.slice(0, room)}`;
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
