# pickles: writes test/fixtures/pickle. Run with each Python that has another pandas:
#   python3 test/reference/pickles.py                     (files named after the version of pandas at hand)
#   python3 test/reference/pickles.py --old               (files as Python 2 and old pandas wrote them; wants pandas 1.5)
# The rows are formulas, which test/data/pickle-table.test.ts repeats.
import io
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pandas as pd

here = Path(__file__).parent.parent / "fixtures" / "pickle"
rows = np.arange(7)


def write(name, content):
    (here / name).write_bytes(content)
    print(f"{name}: {len(content)} bytes")


def mixed():
    """Blocks of every kind of number, in an order in which no block is one run of columns."""
    return pd.DataFrame(
        {
            "a": rows / 4 - 1,
            "i": rows * 1000 - 3000,
            "name": [f"row {row}" for row in rows],
            "b": rows * -0.5,
            "flag": rows % 3 == 0,
            "single": (rows / 8).astype("f4"),
            "byte": (rows * 30).astype("u1"),
            "day": pd.to_datetime(["2020-01-01"] * 7),
            "kind": pd.Categorical(["u", "v"] * 3 + ["u"]),
            "c": rows + 0.25,
        }
    )


def arrays():
    table = np.arange(8.0).reshape(4, 2)
    return {
        "floats": table.astype("f4"),
        "fortran": np.asfortranarray(table.astype("i2")),
        "big": table.astype(">f8"),
        "truth": np.array([True, False, True]),
        "cube": np.zeros((2, 2, 2)),
        "strided": np.arange(8, dtype="i4")[::2],
        "names": np.array(["x", "y"]),
        "scalar": np.float64(1.5),
        "list": [1, 2.5, True],
        "nested": [[1, 2], [3, 4], [5, 6]],
        "note": "text",
        b"bytes": np.array([200, 7], dtype="u1"),
        "half": np.array([1.5, -2.0], dtype="f2"),
        "unsigned": np.array([2**40, 3], dtype="u8"),
    }


def current():
    version = pd.__version__.split(".")[0]
    for protocol in range(6):
        write(f"mixed-pandas{version}-protocol{protocol}.pickle", pickle.dumps(mixed(), protocol))
        write(f"arrays-numpy{np.__version__.split('.')[0]}-protocol{protocol}.pickle", pickle.dumps(arrays(), protocol))
    counted = pd.DataFrame(np.arange(15.0).reshape(5, 3))
    write(f"counted-pandas{version}.pickle", pickle.dumps(counted, 4))
    write(f"series-pandas{version}.pickle", pickle.dumps(pd.Series(rows / 2, name="s"), 4))
    levels = pd.DataFrame({("a", "x"): [1.0], ("a", "y"): [2.0]})
    write(f"levels-pandas{version}.pickle", pickle.dumps(levels, 4))


class Name:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """`callee(*args)` and then the state; `new` makes it as protocol 2 makes objects, or protocol 0 and 1 by copy_reg."""

    def __init__(self, callee, args=(), state=None, new=False):
        self.callee, self.args, self.state, self.new = callee, args, state, new


class OldPickler(pickle._Pickler):
    """Writes str and bytes as the str of Python 2, and names as they are told."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_text(self, value):
        data = value.encode("latin-1") if isinstance(value, str) else value
        if self.proto == 0:
            quoted = "".join(chr(b) if 32 <= b < 127 and b not in b"\\'" else f"\\x{b:02x}" for b in data)
            self.write(b"S'" + quoted.encode() + b"'\n")
        elif len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    def save_name(self, value):
        self.write(f"c{value.module}\n{value.name}\n".encode())
        self.memoize(value)

    def save_call(self, call):
        if call.new and self.proto < 2:
            self.save(Name("copy_reg", "_reconstructor"))
            self.save((call.callee, Name("__builtin__", "object"), None))
        else:
            self.save(call.callee)
            self.save(tuple(call.args))
        self.write(b"\x81" if call.new and self.proto >= 2 else b"R")
        self.memoize(call)
        if call.state is not None:
            self.save(call.state)
            self.write(b"b")

    dispatch[str] = dispatch[bytes] = save_text
    dispatch[Name] = save_name
    dispatch[Call] = save_call


def old(value, protocol):
    file = io.BytesIO()
    OldPickler(file, protocol).dump(value)
    return file.getvalue()


def old_array(array, made=Name("numpy", "ndarray"), own=None):
    code = {"f": "f8", "i": "i8", "O": "O8", "b": "b1", "u": "u1"}[array.dtype.kind]
    order = {"O": "|", "b": "|", "u": "|"}.get(array.dtype.kind, "<")
    flag = 63 if array.dtype.kind == "O" else 0
    dtype = Call(Name("numpy", "dtype"), (code, 0, 1), (3, order, None, None, None, -1, -1, flag))
    data = array.ravel().tolist() if array.dtype.kind == "O" else array.tobytes()
    state = (1, array.shape, dtype, False, data)
    state = state if own is None else (state, own)
    return Call(Name("numpy.core.multiarray", "_reconstruct"), (made, (0,), "b"), state)


def old_index(module, name, values):
    array = old_array(np.array(values, dtype=object if isinstance(values[0], str) else "i8"))
    base = "pandas.indexes.base" if module.startswith("pandas.indexes") else module
    return Call(Name(base, "_new_Index"), (Name(module, name), {"data": array, "name": None}))


def old_frame(labels, blocks, names, index):
    """A frame of pandas 0.14.1 to 0.22; `blocks` are pairs of an array [lines, rows] and its places."""
    axes = [labels, index]
    values = [old_array(array) for array, _ in blocks]
    stored = [{"values": v, "mgr_locs": places} for v, (_, places) in zip(values, blocks)]
    state = (axes, values, names, {"0.14.1": {"axes": axes, "blocks": stored}})
    manager = Call(Name("pandas.core.internals", "BlockManager"), (), state, new=True)
    frame = {"_metadata": [], "_typ": "dataframe", "_data": manager}
    return Call(Name("pandas.core.frame", "DataFrame"), (), frame, new=True)


def former():
    floats = np.stack([rows / 4 - 1, rows * -0.5])
    whole = (rows * 1000 - 3000).reshape(1, -1)
    texts = np.array([[f"r\xf6w {row}" for row in rows]], dtype=object)
    places = old_array(np.array([0, 3]))
    span = lambda start, stop: Call(Name("__builtin__", "slice"), (start, stop, 1))
    blocks = [(floats, places), (whole, span(1, 2)), (texts, span(2, 3))]
    names = ["a", "i", "n\xe4me", "b"]
    known = {}
    for protocol in (0, 1, 2):
        # pandas 0.15 to 0.17
        labels = old_index("pandas.core.index", "Index", names)
        index = old_index("pandas.core.index", "Int64Index", list(rows))
        known[f"old-pandas0.15-protocol{protocol}.pickle"] = old(old_frame(labels, blocks, [], index), protocol)
        # pandas 0.18 and 0.19
        labels = old_index("pandas.indexes.base", "Index", names)
        parts = {"start": 0, "stop": 7, "step": 1, "name": None}
        index = Call(Name("pandas.indexes.base", "_new_Index"), (Name("pandas.indexes.range", "RangeIndex"), parts))
        known[f"old-pandas0.18-protocol{protocol}.pickle"] = old(old_frame(labels, blocks, [], index), protocol)
    for name, content in known.items():
        write(name, content)
        if not name.endswith("protocol2.pickle"):
            continue  # pandas 1.5 itself no longer makes frames in the way of protocols 0 and 1
        frame = pd.compat.pickle_compat.load(io.BytesIO(content), encoding="latin-1")
        assert list(frame.columns) == names and len(frame) == 7, name
        assert np.array_equal(frame["b"], rows * -0.5) and np.array_equal(frame["i"], whole[0]), name
    batch = {"data": old_array(np.arange(12, dtype="u1").reshape(2, 6)), "labels": [3, 5], "batch_label": "one"}
    write("old-batch-protocol2.pickle", old(batch, 2))
    # pandas before 0.14.1, which today's pandas no longer reads: indexes are arrays, blocks are told by their labels.
    label = lambda values: old_array(np.array(values, dtype=object), Name("pandas.core.index", "Index"), (None,))
    index = old_array(rows, Name("pandas.core.index", "Int64Index"), (None,))
    values = [old_array(floats[::-1].copy()), old_array(whole), old_array(texts)]
    state = ([label(names), index], values, [label(["b", "a"]), label(["i"]), label(["n\xe4me"])])
    manager = Call(Name("pandas.core.internals", "BlockManager"), (), state, new=True)
    write("old-pandas0.13-protocol2.pickle", old(Call(Name("pandas.core.frame", "DataFrame"), (), manager, new=True), 2))


if __name__ == "__main__":
    here.mkdir(parents=True, exist_ok=True)
    former() if "--old" in sys.argv else current()
