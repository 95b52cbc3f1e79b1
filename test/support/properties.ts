// properties: seeds the property tests, so that a check that passed passes again; PROPERTY_SEED looks for new counterexamples.
import fc from "fast-check";

const { PROPERTY_SEED: seed = "1" } = process.env;
fc.configureGlobal(seed === "random" ? {} : { seed: Number(seed) });
