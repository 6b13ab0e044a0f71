"""Writes recordings with scipy, h5py, eeglabio and pynwb, and what they hold, for `stages/recording/tests/written_containers.rs`.

    python containers.py FOLDER

`expected.json` has per file: options of the reader, channels (label, unit, rate_hz, start_s, values), annotations ([onset, duration, text]), units.
Values are what was given to the writer, rounded to the type in which it stores them.
"""

import json
import os
import sys
import warnings
from datetime import datetime, timezone

import numpy as np

warnings.simplefilter("ignore")
folder = sys.argv[1]
files = {}
rng = np.random.default_rng(20)
names = ["Fz", "Cz", "Pz", "Oz"]


def told(name, options, channels, annotations=(), units=()):
    files[name] = {"options": options, "channels": channels, "annotations": list(annotations), "units": list(units)}


def channel(label, unit, rate, start, values):
    return {"label": label, "unit": unit, "rate_hz": rate, "start_s": start, "values": np.asarray(values, float).tolist()}


def path(name):
    return os.path.join(folder, name)


def with_scipy():
    import scipy.io

    kinds = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
    for kind in kinds:
        low = 0 if kind[0] == "u" else -100
        values = (rng.uniform(low, 100, (4, 200))).astype(kind)
        for compressed in (False, True):
            name = f"{kind}_{'small' if compressed else 'plain'}.mat"
            scipy.io.savemat(path(name), {"a": {"b": {"x": values.T}}, "fs": 200.0, "other": np.arange(7.0)}, do_compression=compressed)
            options = {"variable": "a.b.x", "rate_variable": "fs"}
            told(name, options, [channel(str(i), None, 200, 0, v) for i, v in enumerate(values)])
    values = rng.normal(size=(4, 100))
    scipy.io.savemat(path("v4.mat"), {"x": values, "names": np.array(names)}, format="4")
    told("v4.mat", {"variable": "x", "sampling_rate": 50, "channels_variable": "names"},
         [channel(n, None, 50, 0, v) for n, v in zip(names, values)])
    epochs = rng.normal(size=(4, 50, 3))
    scipy.io.savemat(path("epochs.mat"), {"x": epochs, "fs": 50.0, "labels": np.array(names, dtype=object)})
    told("epochs.mat", {}, [channel(n, None, 50, 0, epochs[i, :, k]) for k in range(3) for i, n in enumerate(names)])
    # FieldTrip: trials of their own lengths.
    cells = lambda items: np.array([*items, None], dtype=object)[:-1].reshape(1, -1)
    lengths = [30, 40]
    trials = [rng.normal(size=(4, n)).astype("f4") for n in lengths]
    times = [np.arange(n)[None] / 100 - 0.1 * (k + 1) for k, n in enumerate(lengths)]
    data = {"label": np.array([[n] for n in names], dtype=object), "trial": cells(trials), "time": cells(times), "fsample": 100.0}
    scipy.io.savemat(path("fieldtrip.mat"), {"data": data, "unrelated": np.eye(3)}, do_compression=True)
    told("fieldtrip.mat", {}, [channel(n, None, 100, times[k][0, 0], trials[k][i]) for k in range(2) for i, n in enumerate(names)])


def with_eeglabio():
    import eeglabio.epochs
    import eeglabio.raw


    microvolts = rng.normal(size=(4, 300)) * 20
    places = rng.normal(size=(4, 3))
    for fmt in ("v5", "v7.3"):
        name = f"raw_{fmt.replace('.', '_')}.set"
        try:
            marks = [["go", "stop"], np.array([0.5, 1.25]), np.array([0.0, 0.1])]
            eeglabio.raw.export_set(path(name), microvolts / 1e6, 100.0, names, places, marks, fmt=fmt)
        except Exception as error:  # an older one has no v7.3
            print(f"{name}: {error!r}", file=sys.stderr)
            continue
        held = (microvolts / 1e6 * 1e6).astype("f4")
        told(name, {}, [channel(n, "uV", 100, 0, v) for n, v in zip(names, held)], [[0.5, 0.0, "go"], [1.25, 0.1, "stop"]])
    epochs = rng.normal(size=(5, 4, 60)) * 20
    events = np.array([[20 + 100 * k, 0, 1 + k % 2] for k in range(5)])
    eeglabio.epochs.export_set(path("epochs.set"), epochs / 1e6, 100.0, events, -0.2, 0.39, names, {"a": 1, "b": 2}, places)
    held = (epochs / 1e6 * 1e6).astype("f4")
    told("epochs.set", {}, [channel(n, "uV", 100, -0.2, held[k, i]) for k in range(5) for i, n in enumerate(names)], ["any"])


def with_pynwb():
    from pynwb import NWBHDF5IO, H5DataIO, NWBFile, TimeSeries
    from pynwb.ecephys import LFP, ElectricalSeries

    file = NWBFile("made", "made", datetime(2026, 1, 2, tzinfo=timezone.utc))
    group = file.create_electrode_group("g", "d", "l", file.create_device("d"))
    file.add_electrode_column("label", "name")
    for n in names:
        file.add_electrode(group=group, location="x", label=n)
    region = file.create_electrode_table_region([3, 1], "two")
    digital = rng.integers(-3000, 3000, (500, 2)).astype("i2")
    gains = np.array([0.5, 2.0])
    eeg = ElectricalSeries("eeg", H5DataIO(digital, chunks=(64, 1), compression="gzip", shuffle=True, fletcher32=True), region, starting_time=2.5,
                           rate=256.0, conversion=1e-7, offset=3e-6, channel_conversion=gains)
    file.add_acquisition(eeg)
    pupil = rng.normal(size=40)
    file.add_acquisition(TimeSeries("pupil", data=pupil, unit="mm", timestamps=1 + np.arange(40) / 30))
    file.add_acquisition(TimeSeries("uneven", data=pupil, unit="mm", timestamps=np.cumsum(rng.uniform(0.1, 1, 40))))
    lfp = rng.normal(size=(100, 4)).astype("f4")
    all_of_them = file.create_electrode_table_region([0, 1, 2, 3], "all")
    module = file.create_processing_module("ecephys", "m")
    module.add(LFP(ElectricalSeries("lfp", H5DataIO(lfp, maxshape=(None, 4)), all_of_them, starting_time=0.0, rate=100.0)))
    file.add_trial_column("correct", "c")
    file.add_trial(start_time=0.5, stop_time=1.0, correct=1)
    file.add_trial(start_time=2.0, stop_time=2.25, correct=0)
    trains = [np.sort(rng.uniform(0, 9, n)) for n in (4, 0, 7)]
    for k, train in enumerate(trains):
        file.add_unit(spike_times=train, id=5 + k)
    with NWBHDF5IO(path("made.nwb"), "w") as io:
        io.write(file)
    volts = digital * 1e-7 * gains + 3e-6
    channels = [channel("eeg/Oz", "V", 256, 2.5, volts[:, 0]), channel("eeg/Cz", "V", 256, 2.5, volts[:, 1]), channel("pupil", "mm", 30, 1, pupil)]
    channels += [channel(f"lfp/{n}", "V", 100, 0, v) for n, v in zip(names, lfp.T)]
    told("made.nwb", {}, channels, [[0.5, 0.5, "trials: correct=1"], [2.0, 0.25, "trials: correct=0"]],
         [{"id": 5 + k, "times_s": train.tolist()} for k, train in enumerate(trains)])
    told("made.nwb#eeg", {"variable": "acquisition/eeg"}, [channel(c["label"][4:], "V", 256, 2.5, c["values"]) for c in channels[:2]],
         files["made.nwb"]["annotations"])


def with_h5py():
    import h5py

    options = {"gzip": dict(compression="gzip", shuffle=True), "lzf": dict(compression="lzf", shuffle=True, fletcher32=True), "none": {},
               "big_endian": {}, "one_chunk": dict(chunks=(400, 3)), "compact": {}, "scale_offset": dict(scaleoffset=0)}
    values = np.round(np.cumsum(rng.normal(size=(400, 3)), axis=0) * 3)
    for version in ("earliest", "latest"):
        with h5py.File(path(f"layouts_{version}.nwb"), "w", libver=version) as file:
            file.attrs["nwb_version"] = "2.7.0"
            for name, how in options.items():
                group = file.create_group(f"acquisition/{name}")
                kind = ">f4" if name == "big_endian" else "i4" if name == "scale_offset" else "f4"
                data = group.create_dataset("data", data=values.astype(kind), **({"chunks": (64, 2)} | how if how and "chunks" not in how else how))
                data.attrs["unit"] = "a.u."
                group.create_dataset("starting_time", data=0.0).attrs["rate"] = 10.0
            # Not all of it was ever written.
            group = file.create_group("acquisition/partly")
            data = group.create_dataset("data", (400, 3), "i2", chunks=(100, 3), fillvalue=-7, maxshape=(None, 3))
            data[:100] = values[:100]
            group.create_dataset("starting_time", data=0.0).attrs["rate"] = 10.0
        for name in options:
            told(f"layouts_{version}.nwb#{name}", {"variable": f"acquisition/{name}"}, [channel(f"{name}_{i}", "a.u.", 10, 0, v) for i, v in enumerate(values.T)])
        filled = np.where(np.arange(400)[:, None] < 100, values, -7)
        told(f"layouts_{version}.nwb#partly", {"variable": "acquisition/partly"}, [channel(f"partly_{i}", None, 10, 0, v) for i, v in enumerate(filled.T)])


with_scipy()
with_h5py()
with_eeglabio()
with_pynwb()
with open(path("expected.json"), "w") as out:
    json.dump(files, out)
