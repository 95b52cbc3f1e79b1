# 08-sampler: samples from a model in Python, without localflow: python 08-sampler.py sampler.onnx 1000 > samples.csv
import json, sys
import numpy, onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
columns = json.loads(session.get_modelmeta().custom_metadata_map["localflow.columns"])
noise = numpy.random.default_rng(1).standard_normal((int(sys.argv[2]), len(columns)), dtype=numpy.float32)
(samples,) = session.run(["samples"], {"noise": noise})
numpy.savetxt(sys.stdout, samples, delimiter=",", header=",".join(columns), comments="", fmt="%.7g")
