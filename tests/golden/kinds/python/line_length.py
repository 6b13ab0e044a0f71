"""Sums of steps, and numbers that are drawn, with nothing but pyarrow."""

import random

import pyarrow as pa


def run(signals, *, scale=1.0):
    lengths = []
    for values in signals["values"].to_pylist():
        lengths.append(scale * sum(abs(b - a) for a, b in zip(values, values[1:])))
    return pa.table({"channel": signals["channel"], "epoch": signals["epoch"], "line_length": pa.array(lengths, pa.float64())})


def draws(signals, seed, *, scale=1.0):
    streams = [random.Random(one) for one in seed]
    numbers = [scale * streams[sample].random() for sample in signals["sample"].to_pylist()]
    return pa.table({"sample": signals["sample"], "channel": signals["channel"], "epoch": signals["epoch"], "number": pa.array(numbers, pa.float64())})
