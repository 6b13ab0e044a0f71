"""Sums of steps, with nothing but pyarrow."""

import pyarrow as pa


def run(signals, *, scale=1.0, seed=None):
    lengths = []
    for values in signals["values"].to_pylist():
        steps = (abs(b - a) for a, b in zip(values, values[1:]))
        lengths.append(scale * sum(steps))
    columns = {name: signals[name] for name in signals.column_names if name in ("sample", "channel", "epoch")}
    return pa.table({**columns, "line_length": pa.array(lengths, pa.float64())})


def squares(signals):
    return pa.table({})


def draws(signals, seed):
    number = pa.array([float(seed % 1000)] * len(signals), pa.float64())
    return pa.table({"channel": signals["channel"], "epoch": signals["epoch"], "line_length": number})


def joined(signals):
    names = ",".join(sorted(set(signals["channel"].to_pylist())))
    return pa.table({"channels": pa.array(["%s in %d rows" % (names, len(signals))][: len(signals)], pa.string())})
