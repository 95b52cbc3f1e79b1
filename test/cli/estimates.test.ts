// estimates: as many digits as the standard error bears, and none of an error that is not known.
import { expect, it } from "vitest";
import { withDigits } from "../../src/cli/estimates.ts";

it("shows two digits of the standard error, and the value alone where it is not known", () => {
  expect(withDigits({ value: 1.23456, standardError: 0.0123 })).toBe("1.235 ± 0.012");
  expect(withDigits({ value: 123.456, standardError: 12 })).toBe("123 ± 12");
  expect(withDigits({ value: 0.999999999999998, standardError: 1.6e-16 })).toBe("1.0000 ± 0.0000");
  expect(withDigits({ value: 0.00001, standardError: 1e-6 })).toBe("0.0000100 ± 0.0000010");
  for (const standardError of [null, Number.NaN]) expect(withDigits({ value: 2, standardError })).toBe("2.0000");
});
