"""Complexity, band powers and cycles of series by antropy, SciPy and bycycle; what they lack, by plain loops.

Writes complexity.json, bands.json and cycles.json beside itself. See README.md.
"""

import json
import math
import pathlib
import warnings

import antropy
import numpy as np
import pandas as pd
from bycycle.features import compute_features
from scipy.signal import welch

warnings.simplefilter("ignore")
# bycycle 1.2.0 writes into what pandas 3 gives read-only.
pd.Series.to_numpy = lambda self, *_, **__: np.array(self.values)
HERE = pathlib.Path(__file__).parent
N = 400


def series():
    rng = np.random.default_rng(14)
    t = np.arange(N)
    white = rng.standard_normal(N)
    ar = np.zeros(N)
    for i in range(1, N):
        ar[i] = 0.9 * ar[i - 1] + white[i]
    logistic = np.empty(N)
    logistic[0] = 0.3
    for i in range(1, N):
        logistic[i] = 4 * logistic[i - 1] * (1 - logistic[i - 1])
    return {
        "white": white,
        "ar": ar,
        "walk": np.cumsum(rng.standard_normal(N)),
        "sine": np.sin(2 * np.pi * t / 37.0),
        "sine_in_noise": np.sin(2 * np.pi * t / 25.0) + 0.5 * rng.standard_normal(N),
        "counts": rng.poisson(2, N).astype(float),
        "logistic": logistic,
        "offset": 1000 + rng.standard_normal(N),
        "short": white[:7],
        "odd": ar[:101],
    }


def line_length(x):
    return sum(abs(x[i + 1] - x[i]) for i in range(len(x) - 1))


def decay(x):
    m = sum(x) / len(x)
    c = [v - m for v in x]
    g = lambda k: sum(c[i] * c[i + k] for i in range(len(c) - k))
    g0, before = g(0), 1.0
    for k in range(1, len(x)):
        now = g(k) / g0
        if now < 1 / math.e:
            return k - 1 + (before - 1 / math.e) / (before - now)
        before = now
    return None


def slope(points):
    return float(np.polyfit([p[0] for p in points], [p[1] for p in points], 1)[0])


def hurst(x, shortest, corrected):
    n = len(x)
    if n < 4 * shortest:
        return None
    sizes = sorted({math.floor(shortest * (n // 2 / shortest) ** (k / 19) + 0.5) for k in range(20)})
    points = []
    for w in sizes:
        ratios = []
        for b in range(n // w):
            v = x[b * w : (b + 1) * w]
            m = sum(v) / w
            walk, s = [0.0], 0.0
            for y in v:
                s += y - m
                walk.append(s)
            sd = math.sqrt(sum((y - m) ** 2 for y in v) / w)
            ratios.append((max(walk) - min(walk)) / sd)
        y = math.log(sum(ratios) / len(ratios))
        if corrected:
            gammas = math.exp(math.lgamma((w - 1) / 2) - math.lgamma(w / 2)) / math.sqrt(math.pi)
            y -= math.log((w - 0.5) / w * gammas * sum(math.sqrt((w - i) / i) for i in range(1, w)))
        points.append((math.log(w), y))
    return slope(points) + (0.5 if corrected else 0)


def entropies(x, order, r):
    """Sample and approximate entropy by comparing all pairs."""
    n = len(x)

    def near(length, templates):
        e = np.array([x[i : i + length] for i in range(templates)])
        return [int((np.abs(e - row).max(axis=1) <= r).sum()) for row in e]

    a, b = sum(near(order + 1, n - order)) - (n - order), sum(near(order, n - order)) - (n - order)
    sample = -math.log(a / b) if a and b else None
    phi = lambda length: np.mean(np.log(np.array(near(length, n - length + 1)) / (n - length + 1)))
    return sample, float(phi(order) - phi(order + 1))


def multiscale(x, scales):
    r = 0.2 * np.std(x)
    coarse = lambda s: [float(np.mean(x[i * s : (i + 1) * s])) for i in range(len(x) // s)]
    return [entropies(coarse(s), 2, r)[0] if len(x) // s > 3 else None for s in range(1, scales + 1)]


def number(value):
    return None if value is None or not math.isfinite(value) else float(value)


def complexity(x):
    mobility, complexity_ = antropy.hjorth_params(x)
    bits = (x > np.median(x)).astype(int)
    by_pairs = {str(m): entropies(x, m, 0.15 * np.std(x)) for m in (1, 3)}
    return {
        "hjorth": [float(np.var(x)), float(mobility), float(complexity_)],
        "permutation": [antropy.perm_entropy(x), antropy.perm_entropy(x, 4, 1, True), antropy.perm_entropy(x, 5, 1)],
        "permutation_delayed": antropy.perm_entropy(x, 3, 2, True),
        "sample": number(antropy.sample_entropy(x)),
        "approximate": number(antropy.app_entropy(x)),
        "by_pairs": {m: [number(v) for v in pair] for m, pair in by_pairs.items()},
        "multiscale": [number(v) for v in multiscale(x, 4)],
        "svd": [antropy.svd_entropy(x, 3, 1, True), antropy.svd_entropy(x, 3, 2), number(antropy.svd_entropy(x, 2, 3))],
        "spectral": [antropy.spectral_entropy(x, 1.0), antropy.spectral_entropy(x, 1.0, normalize=True)],
        "lempel_ziv": [int(antropy.lziv_complexity(bits)), float(antropy.lziv_complexity(bits, normalize=True))],
        "hurst": [hurst(list(x), 10, True), hurst(list(x), 8, False)],
        "higuchi": [antropy.higuchi_fd(x, k) if len(x) >= 2 * k else None for k in (10, 3)],
        "katz": antropy.katz_fd(x),
        "petrosian": float(antropy.petrosian_fd(x)),
        "line_length": line_length(x),
        "zero_crossings": int(antropy.num_zerocross(x)),
        "decay": decay(list(x)),
    }


BANDS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}


def bands(x, rate, segment):
    f, p = welch(x, rate, nperseg=segment)
    area = lambda lo, hi: float(np.trapezoid(p[(f >= lo) & (f <= hi)], f[(f >= lo) & (f <= hi)]))
    cumulative = np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(f))])
    alpha = (f >= 7) & (f <= 13)
    q = p / p.sum()
    return {
        "rate_hz": rate,
        "segment": segment,
        "bands": {name: area(*edges) for name, edges in BANDS.items()},
        "total": area(0, rate / 2),
        "edge_hz": float(np.interp(0.95 * cumulative[-1], cumulative, f)),
        "median_hz": float(np.interp(0.5 * cumulative[-1], cumulative, f)),
        "gravity_hz": float((p[alpha] * f[alpha]).sum() / p[alpha].sum()),
        "peak_hz": float(f[(f >= 1) & (f <= 45)][np.argmax(p[(f >= 1) & (f <= 45)])]),
        "entropy": float(-(q * np.log2(q)).sum() / np.log2(len(q))),
    }


def rhythms():
    rng = np.random.default_rng(41)
    rate, n = 250, 1400
    t = np.arange(n) / rate
    gate = ((t % 3) > 1.2).astype(float)
    phase = 2 * np.pi * np.cumsum(10 + 0.6 * np.sin(2 * np.pi * 0.3 * t)) / rate
    sharp = np.sin(phase + 0.4 * np.sin(phase)) + 0.3 * np.cos(2 * phase)
    noise = np.convolve(rng.standard_normal(n + 40), np.ones(41) / 41, "valid")
    return {"bursts": (rate, gate * sharp + 0.4 * noise), "noise": (rate, 3 * noise), "theta": (100, np.round(np.sin(2 * np.pi * 0.06 * np.arange(600)) * 3))}


def cycles(x, rate, band, center, thresholds):
    df = compute_features(x - x.mean(), rate, band, center_extrema=center, threshold_kwargs=thresholds)
    side, middle = ("trough", "peak") if center == "peak" else ("peak", "trough")
    columns = [f"sample_last_{side}", f"sample_{middle}", f"sample_next_{side}", "volt_amp", "time_rdsym", "time_ptsym"]
    columns += ["amp_fraction", "amp_consistency", "period_consistency", "monotonicity", "is_burst"]
    return [[None if v != v else (bool(v) if c == "is_burst" else float(v)) for c, v in zip(columns, row)] for row in df[columns].values.tolist()]


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    rounded = {name: np.round(x, 4) for name, x in series().items()}
    write("complexity.json", {n: {"series": x.tolist(), "expected": complexity(x)} for n, x in rounded.items()})
    spectra = [("ar", 100.0, 128), ("sine_in_noise", 250.0, 200), ("offset", 128.0, 400)]
    write("bands.json", {name: bands(rounded[name], rate, segment) for name, rate, segment in spectra})
    cases = []
    loose = dict(amp_fraction_threshold=0.2, amp_consistency_threshold=0.3, period_consistency_threshold=0.4, monotonicity_threshold=0.6, min_n_cycles=2)
    default = dict(amp_fraction_threshold=0.0, amp_consistency_threshold=0.5, period_consistency_threshold=0.5, monotonicity_threshold=0.8, min_n_cycles=3)
    for name, (rate, x) in rhythms().items():
        x = np.round(x, 4)
        band = (4, 8) if name == "theta" else (8, 12)
        found = [[center, loose_, cycles(x, rate, band, center, loose if loose_ else default)] for center in ("peak", "trough") for loose_ in (False, True)]
        cases.append({"name": name, "rate_hz": rate, "band": band, "series": x.tolist(), "cycles": found})
    write("cycles.json", cases)
