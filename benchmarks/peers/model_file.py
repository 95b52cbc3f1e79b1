# model_file: reads and writes localflow's .safetensors model files by hand (no package needed).
"""Layout: 8 bytes little-endian header length, a JSON header, the bytes of the tensors. Weights are
`blocks.<n>.layers.<k>.weight` [in, out] and `.bias` [out]; the configuration is JSON in `__metadata__.localflow`."""
import json
import struct

import numpy as np
import torch
from common import Velocity

types = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8"), "I32": np.dtype("<i4")}


def read_tensors(path):
    """All tensors of a .safetensors file as numpy arrays, and its metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] in types:
            start, end = entry["data_offsets"]
            arrays[name] = np.frombuffer(body[start:end], types[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def activation_name(activation):
    """localflow's activation record, or its command-line text, as the text `activation_of` reads."""
    if isinstance(activation, str):
        return activation
    return f"softplus({activation['beta']})" if activation["kind"] == "softplus" else activation["kind"]


def read_model(path, dtype=torch.float32):
    """The blocks of a model as Velocity networks, and the standardization (mean and deviation, each [d])."""
    arrays, metadata = read_tensors(path)
    if "localflow" not in metadata:
        raise SystemExit(f"{path}: expected a localflow model (metadata `localflow`), got {sorted(metadata) or 'none'}")
    blocks = []
    for n, block in enumerate(json.loads(metadata["localflow"])["configuration"]["blocks"]):
        network = block["network"]
        bias = f"blocks.{n}.layers.{len(network['hidden'])}.bias"
        if bias not in arrays:
            raise SystemExit(f"{path}: expected a tensor {bias}, got {', '.join(arrays)}")
        every = network.get("timeInput", "first") == "every"
        velocity = Velocity(arrays[bias].size, network["hidden"], activation_name(network["activation"]), every)
        with torch.no_grad():
            for k, layer in enumerate(velocity.layers):
                layer.weight.copy_(torch.from_numpy(arrays[f"blocks.{n}.layers.{k}.weight"].T.copy()))
                layer.bias.copy_(torch.from_numpy(arrays[f"blocks.{n}.layers.{k}.bias"].copy()))
        blocks.append(velocity.to(dtype).eval())
    d = blocks[0].layers[-1].bias.numel()
    of = lambda name, absent: torch.tensor(arrays.get(name, absent).reshape(d), dtype=dtype)
    return blocks, of("standardize.mean", np.zeros(d)), of("standardize.deviation", np.ones(d))


def write_model(path, blocks, configuration):
    """Writes trained blocks so that model.py can read them back. A subset of what localflow itself stores."""
    arrays = {}
    for n, velocity in enumerate(blocks):
        for k, layer in enumerate(velocity.layers):
            arrays[f"blocks.{n}.layers.{k}.weight"] = layer.weight.detach().T.contiguous().numpy().astype("<f4")
            arrays[f"blocks.{n}.layers.{k}.bias"] = layer.bias.detach().numpy().astype("<f4")
    header, position = {"__metadata__": {"localflow": json.dumps({"configuration": configuration})}}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in arrays.values()))
