"""Makes reference.json: measures of connectivity by MNE-Connectivity and scipy. Run with their versions of README.md."""

import json
from pathlib import Path

import numpy as np
import mne
import scipy.fft
import scipy.signal
from mne_connectivity import envelope_correlation, spectral_connectivity_epochs

RATE, EPOCHS, CHANNELS, LENGTH = 100.0, 10, 4, 125
BANDS = {"alpha": (8.0, 13.0), "wide": (5.0, 50.0)}
MEASURES = {
    "coherence": "coh",
    "imaginary_coherence": "imcoh",
    "plv": "plv",
    "pli": "pli",
    "wpli": "wpli",
    "debiased_wpli": "wpli2_debiased",
}
ONE, OTHER = np.triu_indices(CHANNELS, 1)


def signals():
    """A shared source with delays, another one without, and noise; whole numbers, so that they read back as they are."""
    rng = np.random.default_rng(14)
    late = scipy.signal.lfilter([1.0], [1.0, -1.6, 0.9], rng.standard_normal((EPOCHS, LENGTH + 20)))
    common = rng.standard_normal((EPOCHS, LENGTH))
    data = 3.0 * rng.standard_normal((EPOCHS, CHANNELS, LENGTH))
    for channel, (delay, share) in enumerate([(0, 0.5), (2, 0.0), (4, 2.0), (7, 1.0)]):
        data[:, channel] += late[:, 20 - delay : 20 - delay + LENGTH] + share * common + 5.0 * channel
    return np.round(100.0 * data)


def analytic(data, band):
    """Within sharp limits, by a transform of each epoch."""
    spectrum = scipy.fft.fft(data, axis=-1)
    frequencies = scipy.fft.fftfreq(LENGTH, 1.0 / RATE)
    weight = np.where((frequencies >= band[0]) & (frequencies <= band[1]), 2.0, 0.0)
    return scipy.fft.ifft(spectrum * weight, axis=-1)


def envelope(data, band, **how):
    found = envelope_correlation(analytic(data, band), **how).combine("mean").get_data("dense").reshape(CHANNELS, CHANNELS)
    return found.T[ONE, OTHER] if np.allclose(np.triu(found, 1), 0.0) else found[ONE, OTHER]


def main():
    mne.set_log_level("ERROR")
    data = signals()
    result = {"rate_hz": RATE, "values": data.astype(int).tolist(), "bands": BANDS, "pairs": [ONE.tolist(), OTHER.tolist()]}
    for name, (low, high) in BANDS.items():
        found = spectral_connectivity_epochs(
            data, method=list(MEASURES.values()), indices=(ONE, OTHER), sfreq=RATE, mode="fourier", fmin=low, fmax=high,
            faverage=True,
        )
        columns = {measure: con.get_data()[:, 0].tolist() for measure, con in zip(MEASURES, found)}
        columns["envelope_correlation"] = envelope(data, (low, high), orthogonalize=False).tolist()
        columns["orthogonalised_envelope_correlation"] = envelope(data, (low, high)).tolist()
        columns["orthogonalised_log_power"] = envelope(data, (low, high), log=True).tolist()
        result[name] = columns
    result["correlation"] = np.mean([np.corrcoef(epoch)[ONE, OTHER] for epoch in data], axis=0).tolist()
    joined = np.concatenate(list(data), axis=-1)
    frequencies, squared = scipy.signal.coherence(joined[ONE], joined[OTHER], RATE, nperseg=100, noverlap=60)
    inside = (frequencies >= 8.0) & (frequencies <= 13.0)
    result["squared_coherence_of_segments"] = squared[:, inside].mean(axis=-1).tolist()
    (Path(__file__).parent / "reference.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
