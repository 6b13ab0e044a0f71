"""Makes the figures of this folder: python make.py, with MNE, NumPy and SciPy (versions in README.md)."""
import json
import warnings

import mne
import numpy as np
import scipy.signal

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
NAMES = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split()


def numbers(array, digits=17):
    return [float(f"{value:.{digits}g}") for value in np.asarray(array).ravel()]


def write(name, value):
    with open(name, "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


# Positions: directions of the spherical montage that MNE has, whose steps are 23 degrees and rounded to whole ones.
easycap = mne.channels.make_standard_montage("easycap-M1").get_positions()["ch_pos"]
write("easycap_m1.json", {name: numbers(place / np.linalg.norm(place), 6) for name, place in easycap.items()})

# Splines: 19 channels at positions of length 0.09 m, of which two are bad.
place = {name: easycap[name] / np.linalg.norm(easycap[name]) * 0.09 for name in NAMES}
data = np.round(rng.normal(size=(19, 6)) * 20 + np.arange(19)[:, None], 3)
info = mne.create_info(NAMES, 100.0, "eeg")
raw = mne.io.RawArray(data * 1e-6, info)
raw.set_montage(mne.channels.make_dig_montage(place, coord_frame="head"))
bads = ["F3", "O2"]
interpolated = raw.copy()
interpolated.info["bads"] = bads
interpolated.interpolate_bads(origin=(0.0, 0.0, 0.0), method={"eeg": "spline"})
csd = {}
for terms, stiffness, smoothing in [(50, 4, 1e-5), (7, 3, 1e-4)]:
    density = mne.preprocessing.compute_current_source_density(
        raw, sphere=(0.0, 0.0, 0.0, 0.09), lambda2=smoothing, stiffness=stiffness, n_legendre_terms=terms
    )
    csd[f"{terms} {stiffness} {smoothing}"] = numbers(density.get_data() * 1e6)
average = raw.copy().set_eeg_reference("average").get_data() * 1e6
two = raw.copy().set_eeg_reference(["Cz", "O1"]).get_data() * 1e6
write(
    "splines.json",
    {
        "names": NAMES,
        "places": [numbers(place[name]) for name in NAMES],
        "data": [numbers(row) for row in data],
        "bads": bads,
        "interpolated": {bad: numbers(interpolated.get_data([bad]) * 1e6) for bad in bads},
        "csd": csd,
        "average": numbers(average),
        "cz_o1": numbers(two),
    },
)

# Trends.
series = np.round(np.cumsum(rng.normal(size=60)) + 0.2 * np.arange(60) + 100, 3)
cases = []
# SciPy pays no attention to breakpoints of constants.
for order, breakpoints in [(0, []), (1, []), (1, [20, 45]), (1, [59])]:
    kind = ["constant", "linear"][order]
    cases.append([order, breakpoints, numbers(scipy.signal.detrend(series, type=kind, bp=breakpoints or 0))])
for order in (2, 3, 5):
    fit = np.polynomial.Polynomial.fit(np.arange(60), series, order)
    cases.append([order, [], numbers(series - fit(np.arange(60)))])
write("detrend.json", {"series": numbers(series), "cases": cases})

# Epochs around events, with baselines, bad segments and rejection; their average and its standard error.
rate = 100.0
walk = np.round(rng.normal(size=(2, 1200)) * 10 + 30, 3)
walk[1, 400:405] += 300
walk[0, 700:760] = 30.0
raw = mne.io.RawArray(walk * 1e-6, mne.create_info(["a", "b"], rate, "eeg"))
onsets = np.array([0.1, 1.0, 2.503, 4.0, 5.2, 6.1, 7.2, 9.0, 10.4, 11.5])
values = ["go", "go", "stop", "go", "stop", "go", "go", "stop", "go", "go"]
# MNE counts what ends where an epoch begins as overlapping it; none does here.
bad = [[2.7, 0.3, "BAD_move"], [9.9, 0.25, "bad"]]
raw.set_annotations(mne.Annotations([b[0] for b in bad], [b[1] for b in bad], [b[2] for b in bad]))
events = np.array([[int(np.round(onset * rate)), 0, {"go": 1, "stop": 2}[value]] for onset, value in zip(onsets, values)])


def epochs(**settings):
    # A sample less: tmax and the end of the baseline are part of MNE's windows.
    return mne.Epochs(
        raw, events, {"go": 1, "stop": 2}, tmin=-0.2, tmax=0.49, baseline=(-0.2, -0.01), preload=True, **settings
    )


plain = epochs()
rejected = epochs(reject={"eeg": 200e-6}, flat={"eeg": 1e-6})
evoked = plain["go"].average().data * 1e6
error = plain["go"].standard_error().data * 1e6
write(
    "epochs.json",
    {
        "rate_hz": rate,
        "data": [numbers(row) for row in walk],
        "onsets_s": numbers(onsets),
        "values": values,
        "bad": bad,
        "from_s": -0.2,
        "to_s": 0.5,
        "selection": plain.selection.tolist(),
        "epochs": [numbers(epoch) for epoch in plain.get_data().reshape(len(plain), -1) * 1e6],
        "selection_after_rejection": rejected.selection.tolist(),
        "go_mean": numbers(evoked),
        "go_standard_error": numbers(error),
    },
)
