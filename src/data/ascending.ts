// ascending: whether numbers ascend, and places in those that do.

/** Whether each number is above the one before. */
export function isAscending(values: readonly number[]): boolean {
  return values.every((value, n) => n === 0 || value > values[n - 1]!);
}

/** Whether no number is below the one before. */
export function isNeverFalling(values: readonly number[]): boolean {
  return values.every((value, n) => n === 0 || value >= values[n - 1]!);
}

/** The first place whose number is above `limit`; the last place where none is. */
export function firstAbove(ascending: ArrayLike<number>, limit: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The last of the places [from, to) whose number is not above `limit`; `from` where none is. */
export function lastUpTo(ascending: ArrayLike<number>, limit: number, from = 0, to = ascending.length): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle;
    else high = middle;
  }
  return low;
}

/** How many of the numbers are below `limit`. */
export function countBelow(ascending: ArrayLike<number>, limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
