"""Writes spectra.json and multitaper.json of this folder: `python make.py`."""

import importlib
import inspect
import json
import pathlib
import warnings

import mne
import numpy as np
import scipy
import scipy.signal as sg
from scipy.signal.windows import dpss

FOLDER = pathlib.Path(__file__).parent
# MNE stops where weights change by less than 1e-5: here it goes on to the end.
module = importlib.import_module("mne.time_frequency.multitaper")
source = inspect.getsource(module._psd_from_mt_adaptive)
assert source.count("< 1e-10:") == 1
exec(source.replace("< 1e-10:", "< 1e-26:").replace('warn("Iterative', 'print("Iterative'), module.__dict__)
RATE = 100.0


def series(n, seed):
    rng = np.random.default_rng(seed)
    x = sg.lfilter([1.0], [1.0, -0.9], rng.standard_normal(n))
    x += 2.0 * np.sin(2 * np.pi * 12.3 * np.arange(n) / RATE) + 5.0 + 0.01 * np.arange(n)
    return np.round(x, 6)


# Ours, and scipy's.
WINDOWS = [
    ("boxcar", "boxcar"), ("triangular", "triang"), ("bartlett", "bartlett"), ("hann", "hann"),
    ("hamming", "hamming"), ("blackman", "blackman"), ("blackman_harris", "blackmanharris"),
    ("nuttall", "nuttall"), ("flat_top", "flattop"), ("cosine", "cosine"), ("lanczos", "lanczos"),
    ("bohman", "bohman"), ("parzen", "parzen"), ("bartlett_hann", "barthann"),
    ("tukey", ("tukey", 0.3)), ("tukey", ("tukey", 0.0)), ("tukey", ("tukey", 1.0)),
    ("kaiser", ("kaiser", 8.6)), ("gaussian", ("gaussian", 2.5)),
    ("general_gaussian", ("general_gaussian", 1.5, 3.0)), ("general_hamming", ("general_hamming", 0.75)),
    ("exponential", ("exponential", None, 3.0)), ("slepian", ("dpss", 2.5)),
]


def windows():
    cases = []
    for ours, theirs in WINDOWS:
        parameters = [p for p in theirs[1:] if p is not None] if isinstance(theirs, tuple) else []
        for n in (9, 16):
            weights = sg.get_window(theirs, n)
            if ours == "slepian":
                # scipy's are scaled by their maximum; ours have unit energy before the last one goes.
                weights = dpss(n + 1, 2.5, 1)[0][:-1]
            cases.append({"window": ours, "parameters": parameters, "weights": list(weights)})
    return cases


def spectra():
    x = series(240, 1)
    cases = []

    def add(method, result, **args):
        cases.append({"method": method, "args": args, "frequencies_hz": list(result[0]), "power": result[-1].tolist(),
                      **({"times_s": list(result[1])} if len(result) == 3 else {})})

    for args in (dict(nperseg=60, noverlap=45, window=("kaiser", 8.6)), dict(nperseg=61, noverlap=0, window=("gaussian", 9.0)),
                 dict(nperseg=50, noverlap=25, window="flattop", detrend="linear", average="median", nfft=64)):
        add("welch", sg.welch(x, RATE, **args), **args)
    for args in (dict(), dict(window="hann", detrend="linear", scaling="spectrum"), dict(nfft=256, detrend=False)):
        add("periodogram", sg.periodogram(x, RATE, **args), **args)
    args = dict(window="hann", nperseg=80, noverlap=20)
    add("spectrogram", sg.spectrogram(x, RATE, **args), **args)
    return {"rate_hz": RATE, "x": list(x), "spectra": cases}


def thomson(x, bandwidth, kind):
    """Percival & Walden (1993), equations 333, 368a, 370a, as they stand."""
    n = len(x)
    nw = bandwidth * n / (2 * RATE)
    tapers, lam = dpss(n, nw, int(2 * nw), sym=True, return_ratios=True)
    tapers, lam = tapers[lam > 0.9], lam[lam > 0.9]
    x = x - x.mean()
    each = np.abs(np.fft.rfft(x * tapers, axis=1)) ** 2 / RATE
    if kind == "uniform":
        power = each.mean(axis=0)
    elif kind == "eigenvalue":
        power = (lam[:, None] * each).sum(axis=0) / lam.sum()
    else:
        leaking = np.mean(x**2) / RATE
        power = (lam[:2, None] * each[:2]).sum(axis=0) / lam[:2].sum()
        for _ in range(2000):
            b = power / (lam[:, None] * power + (1 - lam[:, None]) * leaking)
            w = b**2 * lam[:, None]
            power = (w * each).sum(axis=0) / w.sum(axis=0)
    power[1 : (None if n % 2 else -1)] *= 2
    return power


def multitaper():
    cases = []
    # The last one falls by 100 dB, so that leakage matters.
    steep = np.round(sg.lfilter([1.0], np.convolve([1, -0.98], [1, -0.98]), series(200, 3)), 4)
    inputs = {"a": series(240, 1), "b": series(181, 2), "steep": steep}
    for name, x in inputs.items():
        for bandwidth in (4.0, 8.0):
            for kind in ("uniform", "eigenvalue", "adaptive"):
                cases.append({"x": name, "definition": "thomson", "bandwidth_hz": bandwidth, "weights": kind,
                              "power": list(thomson(x, bandwidth, kind))})
            for kind in ("eigenvalue", "adaptive"):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    power, _ = mne.time_frequency.psd_array_multitaper(
                        x, RATE, bandwidth=bandwidth, adaptive=kind == "adaptive", normalization="full", max_iter=5000, verbose="ERROR")
                cases.append({"x": name, "definition": "mne", "bandwidth_hz": bandwidth, "weights": kind, "power": list(power)})
    tapers = []
    for n, nw, count in ((31, 2.5, 5), (64, 4.0, 8)):
        v, lam = dpss(n, nw, count, sym=True, return_ratios=True)
        tapers.append({"samples": n, "half_bandwidth": nw, "tapers": v.tolist(), "concentrations": list(lam)})
    return {"rate_hz": RATE, "inputs": {k: list(v) for k, v in inputs.items()}, "cases": cases, "dpss": tapers}


if __name__ == "__main__":
    print(scipy.__version__, mne.__version__, np.__version__)
    (FOLDER / "spectra.json").write_text(json.dumps({"windows": windows(), **spectra()}) + "\n")
    (FOLDER / "multitaper.json").write_text(json.dumps(multitaper()) + "\n")
