"""Line length: how far a signal goes up and down."""

import numpy as np

from smoothing import boxcar


def run(signals, *, smoothing_ms):
    # One number for each signal: channel and epoch are those of the input.
    lengths = []
    for values, dt_ms in zip(signals["values"], signals["dt"]):
        smooth = boxcar(values, round(smoothing_ms / dt_ms))
        lengths.append(np.abs(np.diff(smooth)).mean() / dt_ms)
    return np.array(lengths)
