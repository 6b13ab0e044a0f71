"""Writes filters.json: designs and filtered series of scipy and MNE. `python make.py` in this folder."""

import json

import mne
import numpy as np
import scipy.fft
from scipy import signal

mne.set_log_level("ERROR")
RATE = 250.0
i = np.arange(1500)
noise = ((i.astype(np.uint64) * 2654435761) % 2**32 >> 8) / 2**24 - 0.5
x = np.round(3.0 + 0.004 * i + 2 * np.sin(2 * np.pi * 10 * i / RATE) + np.sin(2 * np.pi * 50 * i / RATE) + 4 * noise, 5)
places = list(range(0, len(x), 41)) + [1, 2, 3, len(x) - 2, len(x) - 1]


def picked(y):
    return [float(y[k]) for k in places]


bands = [
    ("low_pass", [40.0]),
    ("high_pass", [1.0]),
    ("band_pass", [8.0, 13.0]),
    ("band_stop", [45.0, 55.0]),
    ("band_pass", [0.5, 30.0]),
]
btype = {"low_pass": "lowpass", "high_pass": "highpass", "band_pass": "bandpass", "band_stop": "bandstop"}
frequencies = [0.0, 0.3, 0.9, 3.0, 7.7, 10.0, 13.3, 31.0, 44.0, 50.0, 61.0, 99.0, 124.0]
iir = []
for family in ["butterworth", "chebyshev1", "chebyshev2"]:
    for order in [1, 2, 3, 4, 5, 8]:
        for band, edges in bands:
            wn = edges if len(edges) == 2 else edges[0]
            kind = dict(btype=btype[band], fs=RATE, output="sos")
            if family == "butterworth":
                sos = signal.butter(order, wn, **kind)
            elif family == "chebyshev1":
                sos = signal.cheby1(order, 0.5, wn, **kind)
            else:
                sos = signal.cheby2(order, 40.0, wn, **kind)
            case = dict(family=family, order=order, band=band, edges=edges)
            response = signal.sosfreqz(sos, worN=frequencies, fs=RATE)[1]
            case["response"] = [[float(v.real), float(v.imag)] for v in response]
            if order in (4, 5):
                n = len(sos)
                padlen = 3 * (2 * n + 1 - min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum()))
                case["padding"] = int(padlen)
                case["both_ways"] = picked(signal.sosfiltfilt(sos, x))
                case["rest"] = picked(signal.sosfilt(sos, x))
                case["steady"] = picked(signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])[0])
            iir.append(case)

fir = []
for l_freq, h_freq in [(None, 40.0), (1.0, None), (8.0, 13.0), (80.0, 30.0), (55.0, 45.0), (0.5, 30.0), (None, 2.0), (100.0, None), (4.0, 110.0)]:
    for window in ["hamming", "hann", "blackman"]:
        for transition in ["auto", 0.5]:
            if l_freq == 55.0 and transition == "auto":
                continue  # MNE refuses: the transitions do not fit.
            if window != "hamming" and (transition != "auto" or l_freq == 0.5):
                continue
            settings = dict(l_trans_bandwidth=transition, h_trans_bandwidth=transition, fir_window=window)
            taps = mne.filter.create_filter(None, RATE, l_freq, h_freq, **settings)
            case = dict(l_freq=l_freq, h_freq=h_freq, window=window, transition=None if transition == "auto" else transition)
            case["count"] = len(taps)
            case["taps"] = [float(t) for t in taps[: len(taps) // 2 + 1 : 7]]
            case["filtered"] = picked(mne.filter.filter_data(x.copy(), RATE, l_freq, h_freq, **settings))
            fir.append(case)

# Shorter than the filter.
short = [float(v) for v in mne.filter.filter_data(x[:150].copy(), RATE, 8.0, 13.0)]

notch = []
for frequencies_hz in [[50.0], [50.0, 100.0], [60.0]]:
    y = mne.filter.notch_filter(x.copy(), RATE, frequencies_hz)
    notch.append(dict(frequencies=frequencies_hz, filtered=picked(y)))

resonators = []
for f, q in [(50.0, 30.0), (60.0, 35.0), (10.0, 4.0)]:
    b, a = signal.iirnotch(f, q, fs=RATE)
    resonators.append(dict(frequency=f, width=f / q, b=b.tolist(), a=a.tolist()))

envelope = []
for n in [1, 2, 7, 150, 347]:
    length = mne.filter.next_fast_len(n) if n > 1 else 1
    e = np.abs(signal.hilbert(x[:n], N=length))[:n]
    envelope.append(dict(n=n, length=length, envelope=[float(v) for v in e[:: max(1, n // 60)]], step=max(1, n // 60)))

with open("filters.json", "w") as file:
    json.dump(
        dict(
            rate=RATE, x=x.tolist(), places=places, frequencies=frequencies,
            iir=iir, fir=fir, short=short, notch=notch, resonators=resonators, envelope=envelope,
        ),
        file,
    )
