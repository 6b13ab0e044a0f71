"""Writes spectral_parameters.json of this folder: `python make_parameters.py`."""

import json
import pathlib
import warnings

warnings.simplefilter("ignore")
import fooof
import numpy as np
import specparam

FOLDER = pathlib.Path(__file__).parent
F = np.round(np.arange(1, 41.25, 0.5), 2)


def spectrum(aperiodic, peaks, noise, seed):
    rng = np.random.default_rng(seed)
    p = aperiodic(F) + noise * rng.standard_normal(len(F))
    for c, a, s in peaks:
        p = p + a * np.exp(-((F - c) ** 2) / (2 * s**2))
    return 10**p


def line(offset, exponent):
    return lambda f: offset - exponent * np.log10(f)


CASES = [
    ("one_peak", "fixed", {}, None, line(1.0, 1.2), [(10.2, 0.7, 1.1)], 0.01, 1),
    ("neighbours", "fixed", {"max_n_peaks": 6}, [2, 38], line(-8.0, 1.6), [(9.7, 0.6, 1.0), (13.1, 0.5, 1.5), (27.0, 0.3, 2.0)], 0.02, 2),
    ("limits", "fixed", {"peak_width_limits": [2.0, 6.0], "min_peak_height": 0.15, "peak_threshold": 1.5}, None,
     line(2.0, 2.0), [(6.0, 0.4, 0.8), (20.0, 0.8, 2.5)], 0.03, 3),
    ("wide", "fixed", {"peak_width_limits": [1.0, 5.0], "max_n_peaks": 3}, None, line(0.0, 1.0), [(20.0, 1.2, 5.0)], 0.02, 4),
    ("noisy", "fixed", {"max_n_peaks": 5}, None, line(0.3, 1.4), [(11.0, 0.3, 1.5)], 0.1, 5),
    ("knee", "knee", {"max_n_peaks": 4}, None, lambda f: 1.5 - np.log10(40.0 + f**2.1), [(16.0, 0.5, 1.8)], 0.01, 6),
    ("nothing", "fixed", {}, None, line(0.5, 0.9), [], 0.0, 7),
]


def peers(mode, settings, freq_range, power):
    old = fooof.FOOOF(aperiodic_mode=mode, verbose=False, **settings)
    old.fit(F, power, freq_range)
    new = specparam.SpectralModel(aperiodic_mode=mode, verbose=False, **settings)
    new.fit(F, power, freq_range)
    return {
        "fooof": {"aperiodic": list(old.aperiodic_params_), "peaks": old.peak_params_.tolist(), "r_squared": old.r_squared_, "mae": old.error_},
        "specparam": {
            "aperiodic": list(new.get_params("aperiodic")),
            "peaks": np.atleast_2d(new.get_params("periodic")).tolist() if new.results.n_peaks else [],
            "r_squared": float(new.results.metrics.results["gof_rsquared"]), "mae": float(new.results.metrics.results["error_mae"]),
        },
    }


cases = []
for name, mode, settings, freq_range, aperiodic, peaks, noise, seed in CASES:
    power = spectrum(aperiodic, peaks, noise, seed)
    cases.append({"name": name, "mode": mode, "settings": settings, "freq_range": freq_range, "power": list(power), **peers(mode, settings, freq_range, power)})
print(fooof.__version__, specparam.__version__)
(FOLDER / "spectral_parameters.json").write_text(json.dumps({"freqs": list(F), "cases": cases}) + "\n")
