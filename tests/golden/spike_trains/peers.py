"""Writes measures.json: what elephant, PySpike, SciPy and NumPy make of a few spike trains.

Needs: pip install elephant==1.2.1 pyspike==0.9.0
"""

import json
import warnings

import neo
import numpy as np
import pyspike
import quantities as pq
import scipy.signal
import scipy.stats
from elephant import spike_train_correlation, spike_train_dissimilarity, statistics
from elephant.conversion import BinnedSpikeTrain

warnings.simplefilter("ignore")
START, STOP = 100.0, 2100.0
RNG = np.random.default_rng(20)
FANO_MS, CORRELATION_MS, TAU_MS, COST_PER_MS, TILING_MS, REFRACTORY_MS = 100.0, 20.0, 15.0, 0.08, 5.5, 5.0
CORRELOGRAM_MS, CORRELOGRAM_LAGS = 1.0, 30
SEGMENT = 250


def trains():
    """Times in ms, rounded to what every reader reads exactly."""
    poisson = np.sort(RNG.uniform(START, STOP, 60))
    gamma = START + np.cumsum(RNG.gamma(4.0, 9.0, 50))
    bursts = (np.arange(START + 40.0, STOP, 150.0)[:, None] + np.cumsum(RNG.uniform(2.0, 6.0, (1, 4)), axis=1)).ravel()
    jittered = np.clip(poisson[::2] + RNG.normal(0.0, 2.0, 30), START, STOP)
    named = {
        "poisson": poisson,
        "gamma": gamma[gamma < STOP],
        "bursts": bursts[bursts < STOP],
        "jittered": np.sort(jittered),
        "regular": np.arange(START + 12.5, STOP, 37.0),
        "empty": [],
        "one": [700.25],
        "one_at_start": [START],
        "one_at_end": [STOP],
        "two": [150.5, 1900.75],
        "ends": [START, 801.5, STOP],
    }
    named["shared"] = np.sort(np.concatenate([poisson[:20], named["gamma"][20:35]]))
    return {name: sorted({round(float(t), 6) for t in times}) for name, times in named.items()}


def number(value):
    value = float(value)
    return None if np.isnan(value) else value


def spectrum(times):
    """Two-sided density (Hz) of the rate in bins of 1 ms, by Welch's method: Hann, half overlap, without mean."""
    counts, _ = np.histogram(times, np.arange(START, STOP + 0.5, 1.0))
    kept = scipy.signal.welch(counts * 1e3, 1e3, "hann", SEGMENT, detrend="constant", return_onesided=False)[1]
    return kept[: SEGMENT // 2 + 1].tolist()


def single(times, train):
    intervals = statistics.isi(train)
    enough = len(intervals) > 1
    windows = [train.time_slice(t * pq.ms, (t + FANO_MS) * pq.ms) for t in np.arange(START, STOP, FANO_MS)]
    return {
        "rate_hz": number(statistics.mean_firing_rate(train).rescale("Hz")) if times else 0.0,
        "isi_mean_ms": number(np.mean(intervals.magnitude)) if len(intervals) else None,
        "cv": number(scipy.stats.variation(intervals.magnitude)) if enough else None,
        "cv2": number(statistics.cv2(intervals)) if enough else None,
        "lv": number(statistics.lv(intervals)) if enough else None,
        "lvr": number(statistics.lvr(intervals, REFRACTORY_MS * pq.ms)) if enough else None,
        # A spike at the border of two windows would be in both; there are none but at the ends.
        "fano": number(statistics.fanofactor(windows)),
        "spectrum": spectrum(times) if len(times) > 20 else None,
    }


def pair(a, b, of):
    one, two = (pyspike.SpikeTrain(of[name][0], (START, STOP)) for name in (a, b))
    neo_pair = [of[name][1] for name in (a, b)]
    binned = BinnedSpikeTrain(neo_pair, bin_size=CORRELATION_MS * pq.ms, tolerance=None)
    distances = {
        "isi_distance": number(pyspike.isi_distance(one, two)),
        "spike_distance": number(pyspike.spike_distance(one, two)),
        "spike_synchronization": number(pyspike.spike_sync(one, two)),
        "van_rossum": number(spike_train_dissimilarity.van_rossum_distance(neo_pair, TAU_MS * pq.ms)[0, 1]),
        "victor_purpura": number(
            spike_train_dissimilarity.victor_purpura_distance(neo_pair, COST_PER_MS / pq.ms, algorithm="intuitive")[0, 1]
        ),
        "spike_time_tiling": number(tiling(*neo_pair)),
        "count_correlation": number(spike_train_correlation.correlation_coefficient(binned)[0, 1]),
    }
    return {"a": a, "b": b, **distances}


def tiling(one, two):
    """elephant's, whose comparison of times allows 1e-5 of the time itself beside the window: nothing may lie in between."""
    if len(one) and len(two):
        apart = np.abs(one.magnitude[:, None] - two.magnitude)
        assert not np.any((apart > TILING_MS - 1e-9) & (apart < TILING_MS + 0.03)), "choose another window"
    return spike_train_correlation.spike_time_tiling_coefficient(one, two, TILING_MS * pq.ms)


def correlogram(a, b, of):
    """On a grid of 1 ms, where bins and lags are the same for all."""
    grid = [np.unique(np.round(of[name][0])) for name in (a, b)]
    binned = [
        BinnedSpikeTrain(neo.SpikeTrain(t, units="ms", t_start=(START - 0.5) * pq.ms, t_stop=(STOP + 0.5) * pq.ms),
                         bin_size=CORRELOGRAM_MS * pq.ms)
        for t in grid
    ]
    histogram, _ = spike_train_correlation.cross_correlation_histogram(
        *binned, window=[-CORRELOGRAM_LAGS, CORRELOGRAM_LAGS], border_correction=False)
    return {"a": a, "b": b, "times_a": grid[0].tolist(), "times_b": grid[1].tolist(),
            "counts": histogram.magnitude.ravel().tolist()}


def main():
    named = trains()
    of = {
        name: (times, neo.SpikeTrain(times, units="ms", t_start=START * pq.ms, t_stop=STOP * pq.ms))
        for name, times in named.items()
    }
    names = list(named)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    document = {
        "recorded_ms": [START, STOP],
        "settings": {
            "fano_ms": FANO_MS, "correlation_ms": CORRELATION_MS, "tau_ms": TAU_MS, "cost_per_ms": COST_PER_MS,
            "tiling_ms": TILING_MS, "refractory_ms": REFRACTORY_MS, "segment": SEGMENT,
            "correlogram_ms": CORRELOGRAM_MS, "correlogram_lags": CORRELOGRAM_LAGS,
        },
        "trains": {name: {"times_ms": times, **single(times, of[name][1])} for name, times in named.items()},
        "pairs": [pair(a, b, of) for a, b in pairs],
        "correlograms": [correlogram(a, b, of) for a, b in [("poisson", "jittered"), ("bursts", "bursts")]],
    }
    with open("measures.json", "w", encoding="utf-8") as file:
        file.write("{\n")
        for number_, (key, value) in enumerate(document.items()):
            last = "" if number_ == len(document) - 1 else ","
            if isinstance(value, list) and value and isinstance(value[0], dict):
                rows = ",\n".join(json.dumps(row) for row in value)
                file.write(f'"{key}": [\n{rows}\n]{last}\n')
            else:
                file.write(f'"{key}": {json.dumps(value)}{last}\n')
        file.write("}\n")


main()
