// pause: long loops let the rest of the program run, and stop when they are asked to.
import { describe, expect, it } from "vitest";
import { failure } from "../../src/errors.ts";
import { pauses, turns, unlessInterrupted } from "../../src/runtime/pause.ts";

/** Awaits `turn` over and over, as a loop without any other pause, for five seconds at most. */
async function loop(turn: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + 5000; performance.now() < end; ) await turn();
}

describe("a loop that pauses", () => {
  it("lets timers fire", async () => {
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 0);
    const pause = pauses(20);
    await pause();
    expect(fired, "a promise alone lets no timer fire").toBe(false);
    for (const end = performance.now() + 60; performance.now() < end; ) await pause();
    expect(fired).toBe(true);
  });

  it("ends within a second of a signal that a timer raises", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    const started = performance.now();
    await expect(loop(turns(controller.signal, "work"))).rejects.toMatchObject({
      code: "interrupted",
      message: "work: expected to finish, got a signal to stop",
    });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("ends at once when the signal has fired before", async () => {
    await expect(turns(AbortSignal.abort(), "work")()).rejects.toMatchObject({ code: "interrupted" });
    await expect(turns(undefined, "work")()).resolves.toBeUndefined();
  });
});

describe("work that may be interrupted", () => {
  const broken = failure("numeric", { where: "row 1", expected: "a finite number" });

  it("gives its result, nothing when it was interrupted, and throws every other error", async () => {
    expect(await unlessInterrupted(Promise.resolve(3))).toBe(3);
    const interrupted = failure("interrupted", { where: "work", expected: "to finish" });
    expect(await unlessInterrupted(Promise.reject(interrupted))).toBeUndefined();
    await expect(unlessInterrupted(Promise.reject(broken))).rejects.toBe(broken);
  });
});
