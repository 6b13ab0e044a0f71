"""Writes recordings by programs that are independent of lapicque, and what they were given as JSON.

    python recordings.py FOLDER

EDF and BDF by edfio and pyedflib, BrainVision by pybv, FIF by MNE, NPY and NPZ by NumPy, CSV by pandas; those whose
program is missing are left out, and stand under `skipped`. `expected.json` in FOLDER has per file: options, channels
(label, unit, rate in Hz, and per stretch its start in s and all samples), events (onset in s, duration, kind, text),
and by how much of the range values may differ (what the file rounds).
"""

import datetime
import json
import pathlib
import sys

import numpy as np

RANDOM = np.random.default_rng(20261127)


def noise(channels, samples, scale):
    walk = RANDOM.standard_normal((channels, samples)).cumsum(axis=1)
    return walk / np.abs(walk).max(axis=1, keepdims=True) * scale


def channel(label, unit, rate_hz, stretches):
    stretches = [{"start_s": start, "samples": [float(v) for v in values]} for start, values in stretches]
    return {"label": label, "unit": unit, "rate_hz": rate_hz, "stretches": stretches}


def event(onset_s, duration_s, text, kind=None):
    return {"onset_s": onset_s, "duration_s": duration_s, "text": text, "kind": kind}


def digital(values, low, high, digital_low, digital_high):
    """What values in a physical range are after they were stored as whole numbers."""
    step = (high - low) / (digital_high - digital_low)
    stored = np.clip(np.round((values - low) / step) + digital_low, digital_low, digital_high)
    return (stored - digital_low) * step + low


def edf_by_edfio(folder):
    """Channels of three rates and ranges in records of 0.5 s, with annotations."""
    import edfio

    rates = [256, 100, 12]
    labels = ["EEG Cz-Ref", "EMG", "Resp"]
    units = ["uV", "mV", "%"]
    values = [noise(1, rate * 6, 180.0)[0] for rate in rates]
    ranges = [(-200.0, 200.0), (-250.5, 250.25), (-180.0, 181.0)]
    signals = [
        edfio.EdfSignal(v, rate, label=label, physical_dimension=unit, physical_range=limits, digital_range=(-32768, 32767))
        for v, rate, label, unit, limits in zip(values, rates, labels, units, ranges)
    ]
    annotations = [
        edfio.EdfAnnotation(0.25, None, "onset only"),
        edfio.EdfAnnotation(1.5, 0.75, "Zürich 仰卧"),
        edfio.EdfAnnotation(5.999, 0.0, "end"),
    ]
    edfio.Edf(signals, annotations=annotations, data_record_duration=0.5).write(folder / "edfio.edf")
    stored = [digital(v, *limits, -32768, 32767) for v, limits in zip(values, ranges)]
    yield "edfio.edf", {
        "channels": [channel(*of, [(0.0, v)]) for *of, v in zip(labels, units, rates, stored)],
        "events": [event(a.onset, a.duration, a.text) for a in annotations],
        # Half a step: the writer may round the other way where a value lies between two.
        "tolerance": 0.51 / 65535,
    }


def bdf_by_pyedflib(folder):
    """24 bits, two channels of one label, a rate that is no whole number of samples per second in a record of 1 s."""
    import pyedflib

    rates = [512, 50]
    values = [noise(1, rate * 4, 3000.0)[0] for rate in rates]
    writer = pyedflib.EdfWriter(str(folder / "pyedflib.bdf"), 2, file_type=pyedflib.FILETYPE_BDFPLUS)
    for position, rate in enumerate(rates):
        writer.setSignalHeader(
            position,
            {
                "label": "twice",
                "dimension": ["uV", "nV"][position],
                "sample_frequency": rate,
                "physical_min": -4000.0,
                "physical_max": 4000.0,
                "digital_min": -8388608,
                "digital_max": 8388607,
                "prefilter": "",
                "transducer": "",
            },
        )
    writer.writeSamples(values)
    writer.writeAnnotation(0.5, 1.25, "stretch")
    writer.writeAnnotation(3.0, -1, "moment")
    writer.close()
    stored = [digital(v, -4000.0, 4000.0, -8388608, 8388607) for v in values]
    yield "pyedflib.bdf", {
        "channels": [channel("twice", u, r, [(0.0, v)]) for u, r, v in zip(["uV", "nV"], rates, stored)],
        "events": [event(0.5, 1.25, "stretch"), event(3.0, None, "moment")],
        # It leaves out fractions of a step; steps are those of 8000, values have a range of 3000 or more.
        "tolerance": 2.7 / 16777215,
    }


def brainvision_by_pybv(folder):
    """Both formats of numbers, resolutions and units by channel, commas in names, markers of all sorts."""
    import pybv

    for format in ["binary_int16", "binary_float32"]:
        labels = ["Fz, left", "temp", "µ-unit", "x" * 40]
        resolutions = [0.1, 0.01, 1.0, 0.001]
        units = ["µV", "C", "nV", "mV"]
        rate = 512
        values = noise(4, rate * 3, 1.0) * np.array([[1e-3], [30.0], [1e-5], [2e-2]])
        events = [
            {"onset": 0, "duration": 1, "description": 1, "type": "Stimulus", "channels": "all"},
            {"onset": 700, "duration": 5, "description": 255, "type": "Response", "channels": "all"},
            {"onset": 1535, "duration": 1, "description": "a b [c] ü", "type": "Comment", "channels": ["temp"]},
        ]
        pybv.write_brainvision(
            data=values,
            sfreq=rate,
            ch_names=labels,
            fname_base=f"pybv_{format}",
            folder_out=folder,
            events=events,
            resolution=resolutions,
            unit=units,
            fmt=format,
            meas_date=datetime.datetime(2024, 5, 1, 12, 0, 0, 250000),
        )
        # What pybv stores: whole numbers without their fractions, or floats of 32 bits.
        kept = np.trunc if format == "binary_int16" else np.float32
        per_unit = {"µV": 1e6, "C": 1.0, "nV": 1e9, "mV": 1e3}
        steps = [v * (per_unit[unit] * (1 / by)) for v, unit, by in zip(values, units, resolutions)]
        stretches = [[(0.0, kept(v).astype(float) * by)] for v, by in zip(steps, resolutions)]
        yield f"pybv_{format}.vhdr", {
            "channels": [channel(label, unit.replace("µ", "u"), rate, s) for label, unit, s in zip(labels, units, stretches)],
            "events": [
                event(0.0, 1 / rate, "", "New Segment"),
                event(0.0, 1 / rate, "S  1", "Stimulus"),
                event(700 / rate, 5 / rate, "R255", "Response"),
                event(1535 / rate, 1 / rate, "a b [c] ü", "Comment"),
            ],
            "tolerance": 1e-12,
        }


def fif_by_mne(folder):
    """All formats of numbers, long and strange names, a start behind that of the acquisition, a gap, and split files."""
    import mne

    mne.set_log_level("error")
    rate = 200.0
    labels = ["EEG 001", "a very long name of a channel", "MEG: 2", "STI 014"]
    info = mne.create_info(labels, rate, ["eeg", "eog", "grad", "stim"])
    values = noise(4, 1600, 1.0) * np.array([[1e-4], [2e-3], [3e-11], [1.0]])
    values[3] = np.arange(1600) // 100
    units = ["V", "V", "T/m", "V"]
    for format in ["short", "int", "single", "double"]:
        raw = mne.io.RawArray(values.copy(), info.copy(), first_samp=500)
        raw.set_meas_date(datetime.datetime(2024, 5, 1, 12, 0, 0, tzinfo=datetime.timezone.utc))
        stored = values.astype("f4") if format == "single" else values
        # Calibrations that whole numbers of 16 and 32 bits can hold; MNE leaves out their fractions.
        if format in ("short", "int"):
            bits = 15 if format == "short" else 30
            for of, own in zip(raw.info["chs"], values):
                of["cal"] = float(np.float32(np.abs(own).max() / (2**bits - 8)))
            cals = np.array([[of["cal"]] for of in raw.info["chs"]])
            stored = np.trunc(values / cals) * cals
        marks = mne.Annotations([0.5, 2.25, 3.0], [0.0, 1.5, 0.125], ["T0", "BAD: a ü 仰", "x"])
        raw.set_annotations(marks)
        name = f"mne_{format}_raw.fif"
        raw.save(folder / name, fmt=format, overwrite=True, buffer_size_sec=1.1)
        yield name, {
            "channels": [channel(label, unit, rate, [(0.0, v)]) for label, unit, v in zip(labels, units, stored)],
            "events": [event(o, d, t) for o, d, t in zip(marks.onset, marks.duration, marks.description)],
            "tolerance": 1e-12,
            # They are stored as 32-bit floats.
            "time_tolerance_s": 1e-6,
        }

    raw = mne.io.RawArray(noise(40, 14_000, 1e-4), mne.create_info(40, rate, "eeg"))
    split_marks = mne.Annotations([1.0, 65.0], [0.5, 0.0], ["early", "late"])
    raw.set_annotations(split_marks)
    raw.save(folder / "mne_split_raw.fif", fmt="single", split_size="2MB", overwrite=True)
    assert (folder / "mne_split_raw-2.fif").exists()
    yield "mne_split_raw.fif", {
        "channels": [channel(n, "V", rate, [(0.0, v)]) for n, v in zip(raw.ch_names, raw.get_data().astype("f4"))],
        "events": [event(o, d, t) for o, d, t in zip(split_marks.onset, split_marks.duration, split_marks.description)],
        "tolerance": 1e-12,
        "time_tolerance_s": 1e-5,
    }

    # MNE stores a stretch that is marked so as skipped buffers.
    raw = mne.io.RawArray(values.copy(), info.copy())
    raw.set_annotations(mne.Annotations([2.0], [2.0], ["BAD_ACQ_SKIP"]))
    raw.save(folder / "mne_skip_raw.fif", fmt="double", buffer_size_sec=1.0, overwrite=True)
    back = mne.io.read_raw_fif(folder / "mne_skip_raw.fif", preload=True)
    assert len(back.times) == 1600 and not back.get_data()[0][400:800].any()
    yield "mne_skip_raw.fif", {
        "channels": [
            channel(label, unit, rate, [(0.0, v[:400]), (4.0, v[800:])]) for label, unit, v in zip(labels, units, values)
        ],
        "events": [event(2.0, 2.0, "BAD_ACQ_SKIP")],
        "tolerance": 1e-12,
        "time_tolerance_s": 1e-6,
    }


def arrays_by_numpy(folder):
    values = noise(3, 500, 40.0)
    for name, array in [
        ("numpy_f8.npy", values),
        ("numpy_columns_f4_big.npy", np.asfortranarray(values).astype(">f4")),
        ("numpy_one_i4.npy", (values[0] * 1000).astype("<i4")),
    ]:
        np.save(folder / name, array)
        rows = np.atleast_2d(array).astype(float)
        yield name, {
            "rate_hz": 250.0,
            "channels": [channel(str(i), None, 250.0, [(0.0, v)]) for i, v in enumerate(rows)],
            "tolerance": 1e-15,
        }
    for name, save in [("numpy_stored.npz", np.savez), ("numpy_deflated.npz", np.savez_compressed)]:
        save(folder / name, lfp=values, fs=np.float64(250.0), times=np.arange(500.0))
        yield name, {
            "rate_hz": 250.0,
            "variable": "lfp",
            "channels": [channel(str(i), None, 250.0, [(0.0, v)]) for i, v in enumerate(values)],
            "tolerance": 1e-15,
        }
    np.savez_compressed(folder / "numpy_alone.npz", values.astype("f4"))
    yield "numpy_alone.npz", {
        "rate_hz": 250.0,
        "channels": [channel(str(i), None, 250.0, [(0.0, v)]) for i, v in enumerate(values.astype("f4"))],
        "tolerance": 1e-15,
    }


def text_by_pandas(folder):
    import pandas

    times = np.arange(300) / 128.0
    values = noise(2, 300, 40.0)
    table = pandas.DataFrame({"time_s": times, "Cz": values[0], "Pz": values[1]})
    milliseconds = pandas.DataFrame({"t [ms]": times * 1e3, "Cz": values[0], "Pz": values[1]})
    gaps = table.drop(index=range(100, 160))
    two = lambda part: [channel(n, None, 128.0, part(v)) for n, v in zip(["Cz", "Pz"], values)]
    whole = two(lambda v: [(0.0, v)])
    for name, frame, settings, expected in [
        ("pandas.csv", table, {}, {"channels": whole}),
        ("pandas.tsv", table, {"sep": "\t"}, {"channels": whole}),
        ("pandas_comma.csv", table, {"sep": ";", "decimal": ","}, {"channels": whole}),
        ("pandas_ms.csv", milliseconds, {}, {"channels": whole, "time_column": "t [ms]"}),
        ("pandas_gaps.csv", gaps, {}, {"channels": two(lambda v: [(0.0, v[:100]), (1.25, v[160:])])}),
    ]:
        frame.to_csv(folder / name, index=False, **settings)
        yield name, {"tolerance": 1e-14, **expected}


WRITERS = [edf_by_edfio, bdf_by_pyedflib, brainvision_by_pybv, fif_by_mne, arrays_by_numpy, text_by_pandas]


def main(folder):
    files, skipped = {}, {}
    for write in WRITERS:
        try:
            files.update(write(folder))
        except ImportError as error:
            skipped[write.__name__] = str(error)
    (folder / "expected.json").write_text(json.dumps({"files": files, "skipped": skipped}, ensure_ascii=False))


main(pathlib.Path(sys.argv[1]))
