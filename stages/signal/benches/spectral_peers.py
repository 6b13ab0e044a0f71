"""Times of scipy.signal.welch, fooof and specparam on the series of spectral.rs, in ms of processor time."""

import sys
import time
import warnings

import fooof
import numpy as np
import scipy.signal
import specparam

warnings.simplefilter("ignore")
RATE = 250.0
MASK = (1 << 64) - 1


def series(seed):
    state, previous, values = seed, 0.0, []

    def uniform():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 11) / float(1 << 53)

    for i in range(5000):
        noise = uniform() + uniform() + uniform() - 1.5
        previous = 0.95 * previous + noise
        t = i / RATE
        wave = lambda hz, slow, size: size * np.sin(2 * np.pi * slow * t) * np.sin(2 * np.pi * hz * t)
        values.append(previous + wave(6.0, 0.3, 0.5) + wave(10.0, 0.7, 1.0) + wave(22.0, 1.1, 0.5))
    return np.array(values)


def best(function, repeats=7, times=5):
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        for _ in range(times):
            function()
        found.append((time.process_time() - begin) / times * 1e3)
    return min(found)


for seed in range(1, 5):
    x = series(seed)
    f, p = scipy.signal.welch(x, RATE, nperseg=1000)
    row = [f"seed {seed}: welch {best(lambda: scipy.signal.welch(x, RATE, nperseg=1000)):.3f}"]
    old = fooof.FOOOF(max_n_peaks=5, verbose=False)
    new = specparam.SpectralModel(max_n_peaks=5, verbose=False)
    row.append(f"fooof {best(lambda: old.fit(f, p, [1, 50])):.2f}")
    row.append(f"specparam {best(lambda: new.fit(f, p, [1, 50])):.2f}")
    row.append(f"offset, exponent {old.aperiodic_params_}, r2 {old.r_squared_:.6f}, {len(old.peak_params_)} peaks")
    print(", ".join(row), file=sys.stdout)
