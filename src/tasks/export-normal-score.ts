// export-normal-score: the quantile of N(0, 1) as ONNX operators in double precision, the same approximation as `normalScore`.
import type { NodeWriter } from "./export-nodes.ts";

/** Wichura, algorithm AS 241 (1988), PPND16: highest power first; as in random.ts. */
const central = [
  2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
  1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
];
const centralBelow = [
  5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
  687.1870074920579083, 42.313330701600911252, 1,
];
const tail = [
  7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
  3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
];
const tailBelow = [
  1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
  0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
];

/** float64 to float64 of any shape: the score at the probability 1/2 + q, |q| <= 1/2 - 1e-10. */
export function normalScores(write: NodeWriter, q: string): string {
  const horner = (coefficients: readonly number[], x: string): string =>
    coefficients
      .slice(1)
      .reduce(
        (sum, each) => write.apply("Add", [write.apply("Mul", [sum, x]), write.double(each)]),
        write.double(coefficients[0] ?? 0),
      );
  const distance = write.apply("Abs", [q]);
  const r = write.apply("Sub", [write.double(0.180625), write.apply("Mul", [q, q])]);
  const inner = write.apply("Mul", [q, write.apply("Div", [horner(central, r), horner(centralBelow, r)])]);
  const beyond = write.apply("Sub", [write.double(0.5), distance]);
  const depth = write.apply("Sqrt", [write.apply("Neg", [write.apply("Log", [beyond])])]);
  const s = write.apply("Sub", [depth, write.double(1.6)]);
  const outer = write.apply("Mul", [
    write.apply("Sign", [q]),
    write.apply("Div", [horner(tail, s), horner(tailBelow, s)]),
  ]);
  return write.apply("Where", [write.apply("Greater", [distance, write.double(0.425)]), outer, inner]);
}
