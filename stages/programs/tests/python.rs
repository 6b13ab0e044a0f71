//! `python`: what a function is given, what becomes of what it returns, what enters the key.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use support::{Lab, has_python, points, python, texts};

fn stage(more: &str) -> String {
    format!(
        "{}  mine: {{kind: python, inputs: {{points: points}}, script: mine.py, {more}}}\n",
        points(&[1.0, 2.0, 3.5])
    )
}

/// Two channels of three and four values.
const SIGNALS: &str = "  recording: {kind: import.recording, path: signals.csv}\n";

fn signals(lab: &Lab) {
    let rows: String = (0..20).map(|i| format!("{},{},{}\n", f64::from(i) / 1000.0, i, 100 - i * i)).collect();
    lab.write("signals.csv", format!("time_s,Cz,Fz\n{rows}"));
}

#[test]
fn a_function_is_called_for_each_sample_with_inputs_and_configuration_by_name() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write(
        "mine.py",
        "def run(points, *, factor, add=1):\n    return {'x': points['g'].to_numpy() * factor + add}\n",
    );
    let ran = lab.run(&stage("config: {factor: 10}, columns: {x: {unit: mV}}"));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [11.0, 21.0, 36.0]);
    assert_eq!(texts(&ran.table("mine"), "sample"), ["a", "b", "c"]);
    assert_eq!(ran.table("mine").schema().field_with_name("x").unwrap().metadata()["unit"], "mV");
}

#[test]
fn a_call_for_many_samples_gives_what_calls_for_each_give() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    // Rows come back in another order, and one sample has two of them.
    let script = "
import pyarrow as pa
def run(points):
    rows = []
    for sample, g in reversed(list(zip(points['sample'].to_pylist(), points['g'].to_pylist()))):
        rows += [(sample, g)] * (2 if g == 2.0 else 1)
    return pa.table({'x': [10 * g for _, g in rows], 'sample': [sample for sample, _ in rows]})
";
    lab.write("mine.py", script);
    let ran = lab.run(&stage("batched: true, columns: {x: {}}"));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [10.0, 20.0, 20.0, 35.0]);
    assert_eq!(texts(&ran.table("mine"), "sample"), ["a", "b", "b", "c"]);
}

#[test]
fn one_bad_sample_does_not_take_its_batch_down() {
    if !python() {
        return;
    }
    for batched in ["false", "true"] {
        let lab = Lab::new();
        let script = "
def run(points):
    helper(points)
    return {'x': points['g'], **({'sample': points['sample']} if 'sample' in points.column_names else {})}

def helper(points):
    if 2.0 in points['g'].to_pylist():
        raise ValueError('two is bad')
";
        lab.write("mine.py", script);
        let ran = lab.run(&stage(&format!("batched: {batched}, columns: {{x: {{}}}}")));
        let told = "ValueError: two is bad\n  mine.py, line 3, in run: helper(points)\n  mine.py, line 8, in helper: raise ValueError('two is bad')";
        assert_eq!(ran.failures(), [("b".to_owned(), told.to_owned())], "batched: {batched}");
        assert_eq!(ran.floats("mine", "x"), [1.0, 3.5]);
    }
}

#[test]
fn every_library_is_given_its_own_tables_and_may_return_them() {
    if !has_python(&["numpy", "pandas", "polars"]) {
        return;
    }
    let lab = Lab::new();
    signals(&lab);
    let script = "
import numpy as np

def run(recording, *, library):
    kind = type(recording).__module__.split('.')[0]
    assert kind == {'numpy': 'builtins', 'pyarrow': 'pyarrow'}.get(library, library), kind
    if library == 'pyarrow':
        sums = [sum(values) for values in recording['values'].to_pylist()]
        import pyarrow
        return pyarrow.table({'channel': recording['channel'], 'epoch': recording['epoch'], 'sum': pyarrow.array(sums)})
    sums = [np.asarray(values).sum() for values in recording['values']]
    if library == 'pandas':
        import pandas
        return pandas.DataFrame({'channel': recording['channel'], 'epoch': recording['epoch'], 'sum': sums})
    if library == 'polars':
        import polars
        return polars.DataFrame({'channel': recording['channel'], 'epoch': recording['epoch'], 'sum': sums})
    return {'channel': recording['channel'], 'epoch': recording['epoch'], 'sum': np.array(sums)}
";
    lab.write("mine.py", script);
    for library in ["pyarrow", "pandas", "polars", "numpy"] {
        let ran = lab.run(&format!(
            "{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: mine.py, as: {library}, config: {{library: {library}}}, output: features, columns: {{sum: {{}}}}}}\n"
        ));
        assert_eq!(ran.failures(), [], "{library}");
        assert_eq!(texts(&ran.table("mine"), "channel"), ["Cz", "Fz"], "{library}");
        assert_eq!(ran.floats("mine", "sum"), [190.0, 2000.0 - 2470.0], "{library}");
    }
}

#[test]
fn a_column_alone_takes_its_keys_from_the_input_with_the_same_rows() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    signals(&lab);
    lab.write(
        "mine.py",
        "import numpy as np\ndef run(recording):\n    return np.array([v.max() for v in recording['values']])\n",
    );
    let mine = |script: &str| {
        format!(
            "{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: {script}, as: numpy, output: features, columns: {{largest: {{}}}}}}\n"
        )
    };
    let ran = lab.run(&mine("mine.py"));
    assert_eq!(ran.failures(), []);
    assert_eq!(texts(&ran.table("mine"), "channel"), ["Cz", "Fz"]);
    assert_eq!(ran.floats("mine", "largest"), [19.0, 100.0]);
    // Another number of rows is not guessed at.
    lab.write("short.py", "import numpy as np\ndef run(recording):\n    return np.array([1.0])\n");
    let ran = lab.run(&mine("short.py"));
    let told = &ran.failures()[0].1;
    assert!(told.starts_with("1 row came out, and `recording` has 2"), "{told}");
    assert!(
        told.contains("promised: channel (text), epoch (int32), largest (float64)\n  found:    largest (float64)"),
        "{told}"
    );
}

#[test]
fn rows_are_never_given_the_names_of_others() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    signals(&lab);
    for (returned, told) in [
        (
            "{'channel': ['Fz', 'Cz'], 'x': [1.0, 2.0]}",
            "`channel` is not that of `recording` row by row, so `epoch` cannot be taken from there; return it",
        ),
        (
            "{'channel': ['Cz', 'Cz'], 'epoch': [0, 0], 'x': [1.0, 2.0]}",
            "rows 1 and 2 are both of channel `Cz`, epoch `0`; one is allowed",
        ),
        ("{'channel': ['Fz'], 'x': [1.0]}", "1 row came out, and `recording` has 2; without `epoch`"),
    ] {
        lab.write("mine.py", format!("def run(recording):\n    return {returned}\n"));
        let ran = lab.run(&format!("{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: mine.py, output: features, columns: {{x: {{}}}}}}\n"));
        assert!(ran.failures()[0].1.starts_with(told), "{:?}", ran.failures());
    }
    lab.write("mine.py", "def run(recording):\n    return {'channel': ['Cz', 'Fz'], 'x': [1.0, 2.0]}\n");
    let ran = lab.run(&format!("{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: mine.py, output: features, columns: {{x: {{}}}}}}\n"));
    assert_eq!(ran.failures(), []);
}

#[test]
fn signals_pass_through_every_form_unchanged() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    signals(&lab);
    let forms = [
        "return recording",
        "return recording.to_batches()[0]",
        "return {name: recording[name] for name in recording.column_names}",
        "d = {name: recording[name] for name in recording.column_names}; d['values'] = np.stack([np.array(v) for v in recording['values'].to_pylist()]); return d",
        "d = {name: recording[name] for name in recording.column_names}; d['values'] = [np.array(v) for v in recording['values'].to_pylist()]; return d",
        "d = {name: recording[name] for name in recording.column_names}; d['values'] = recording['values'].to_pylist(); return d",
    ];
    let mut digests = Vec::new();
    for (number, form) in forms.iter().enumerate() {
        lab.write(&format!("form{number}.py"), format!("import numpy as np\ndef run(recording):\n    {form}\n"));
        let ran = lab.run(&format!(
            "{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: form{number}.py, output: signals}}\n"
        ));
        assert_eq!(ran.failures(), [], "{form}");
        let (mine, theirs) = (ran.table("mine"), ran.table("recording"));
        assert_eq!(mine.column_by_name("values"), theirs.column_by_name("values"), "{form}");
        digests.push(lapicque_schemas::content_digest(&mine.schema(), std::slice::from_ref(&mine)).unwrap());
        let theirs = lapicque_schemas::content_digest(&theirs.schema(), std::slice::from_ref(&theirs)).unwrap();
        assert_eq!(digests[number], theirs, "{form}");
    }
    // NumPy arrays are views of what was received.
    lab.write(
        "views.py",
        "def run(recording):\n    a, b = recording['values']\n    assert a.base is not None and not a.flags.owndata\n    return recording\n",
    );
    let ran = lab.run(&format!(
        "{SIGNALS}  mine: {{kind: python, inputs: {{recording: recording}}, script: views.py, as: numpy, output: signals}}\n"
    ));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.table("mine").column_by_name("values"), ran.table("recording").column_by_name("values"));
}

#[test]
fn only_numbers_that_stay_what_they_are_change_their_type() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write(
        "mine.py",
        "import numpy as np\ndef run(points, *, values, kind):\n    return {'x': np.array(values).astype(kind)}\n",
    );
    let returned = |values: &str, kind: &str, of: &str| {
        let stages = format!(
            "  points: {{kind: parameters.list, rows: [{{g: 1}}]}}\n  mine: {{kind: python, inputs: {{points: points}}, script: mine.py, config: {{values: {values}, kind: \"{kind}\"}}, columns: {{x: {{type: {of}}}}}}}\n"
        );
        let ran = lab.run(&stages);
        ran.failures().pop().map(|(_, told)| told.lines().next().unwrap().to_owned())
    };
    for (values, kind, of) in [
        ("[1, 2]", "int64", "float64"),
        ("[1.0, -2.0]", "float64", "int64"),
        ("[0.5, 0.25]", "float64", "float32"),
        ("[0.1]", "float32", "float64"),
        ("[255]", "int64", "uint8"),
        ("[true]", "bool", "boolean"),
        ("[a, b]", "str", "text"),
        ("[[1, 2], [3, 4]]", "float64", "list_of_int64"),
        ("[.5]", "float16", "float64"),
    ] {
        assert_eq!(returned(values, kind, of), None, "{values} {kind} -> {of}");
    }
    for (values, kind, of, told) in [
        (
            "[9007199254740993]",
            "int64",
            "float64",
            "column `x`: it is int64, and 9007199254740993 in row 1 is not a value of float64",
        ),
        ("[1.0, 2.5]", "float64", "int64", "column `x`: it is float64, and 2.5 in row 2 is not a value of int64"),
        ("[0.1]", "float64", "float32", "column `x`: it is float64, and 0.1 in row 1 is not a value of float32"),
        ("[256]", "int64", "uint8", "column `x`: it is int64, and 256 in row 1 is not a value of uint8"),
        ("[-1]", "int64", "uint32", "column `x`: it is int64, and -1 in row 1 is not a value of uint32"),
        ("[a]", "str", "float64", "column `x`: it is text; expected float64"),
        ("[1.0]", "float64", "text", "column `x`: it is float64; expected text"),
        ("[1.0]", "float64", "list_of_float64", "column `x`: it is float64; expected list_of_float64"),
        (
            "[1]",
            "complex128",
            "float64",
            "column `x`: it holds complex numbers; return real and imaginary parts as two columns",
        ),
        ("[1]", "datetime64[s]", "float64", "column `x`: it holds times; return them as numbers, e.g. in ms"),
    ] {
        assert_eq!(returned(values, kind, of).as_deref(), Some(told), "{values} {kind} -> {of}");
    }
}

#[test]
fn what_was_not_promised_is_refused_with_both_schemas() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    for (number, (returned, told)) in [
        ("{'y': [1.0]}", "the column `y` was not promised"),
        ("{'x': [1.0], 'y': [1.0]}", "the column `y` was not promised"),
        ("{'x': [None]}", "column `x` has 1 missing values; declare it `nullable: true`"),
        ("None", "expected a pyarrow table, a pandas or polars frame, or a dict of columns, got nothing (`None`)"),
        ("'text'", "got a `str`"),
        ("{'x': [1.0, 2.0], 'z': [1.0]}", "the columns have different numbers of rows: `x` 2, `z` 1"),
        ("{'x': {}}", "column `x`: expected a list or an array, got a `dict`"),
        ("{1: [1.0]}", "the names of columns must be text; `1` is an `int`"),
        ("pa.table([[1.0], [2.0]], names=['x', 'x'])", "two columns are called `x`"),
        ("{'x': object()}", "column `x`: expected a list or an array, got an `object`"),
        ("{'x': [1.0, 'a']}", "column `x` cannot be a column of a table"),
        ("{}", "the column `x` is missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let script = format!("wrong{number}.py");
        lab.write(&script, format!("import pyarrow as pa\ndef run(points):\n    return {returned}\n"));
        let ran = lab.run(&format!(
            "{}  mine: {{kind: python, inputs: {{points: points}}, script: {script}, columns: {{x: {{}}}}}}\n",
            points(&[1.0])
        ));
        let failures = ran.failures();
        assert!(failures.len() == 1 && failures[0].1.contains(told), "{returned}: {failures:?}");
    }
}

#[test]
fn missing_values_are_told_from_nan() {
    if !has_python(&["numpy", "pandas"]) {
        return;
    }
    let lab = Lab::new();
    let script = "
import pandas, numpy as np
def run(points):
    return pandas.DataFrame({'x': [1.0, np.nan], 'n': pandas.array([1, None], dtype='Int64'), 't': ['a', None]})
";
    lab.write("mine.py", script);
    let ran = lab.run(&format!(
        "{}  mine: {{kind: python, inputs: {{points: points}}, script: mine.py, columns: {{x: {{}}, n: {{type: int64, nullable: true}}, t: {{type: text, nullable: true}}}}}}\n",
        points(&[1.0])
    ));
    assert_eq!(ran.failures(), []);
    assert!(ran.floats("mine", "x")[1].is_nan());
    let table = ran.table("mine");
    let n = table.column_by_name("n").unwrap().as_primitive::<Int64Type>();
    assert_eq!(n.iter().collect::<Vec<_>>(), [Some(1), None]);
    assert_eq!(texts(&table, "t"), ["a", "missing"]);
}

#[test]
fn a_seed_is_the_same_whenever_a_sample_is_computed_and_another_for_each_sample() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points, seed):\n    assert isinstance(seed, int)\n    return {'x': [seed]}\n");
    let once = lab.run(&stage("columns: {x: {type: int64}}, seed: 7"));
    assert_eq!(once.failures(), []);
    let seeds = |ran: &support::Ran<'_>, stage: &str| {
        let table = ran.table(stage);
        table.column_by_name("x").unwrap().as_primitive::<Int64Type>().values().to_vec()
    };
    let first = seeds(&once, "mine");
    assert!(first[0] != first[1] && first[1] != first[2] && first.iter().all(|seed| *seed >= 0), "{first:?}");
    let other = Lab::new();
    let batched = "def run(points, seed):\n    assert len(seed) == len(points)\n    return {'sample': points['sample'], 'x': seed}\n";
    other.write("mine.py", batched);
    let again = other.run(&stage("columns: {x: {type: int64}}, seed: 7, batched: true"));
    assert_eq!(again.failures(), []);
    assert_eq!(seeds(&again, "mine"), first);
    let another = other.run(&stage("columns: {x: {type: int64}}, seed: 8, batched: true"));
    assert_ne!(seeds(&another, "mine"), first);
    // A seed of the configuration is a number like any other.
    let fixed = lab.run(&stage("columns: {x: {type: int64}}, config: {seed: 3}"));
    assert_eq!(seeds(&fixed, "mine"), [3, 3, 3]);
    assert!(!lab.bind(&stage("columns: {x: {type: int64}}, config: {seed: 3}")).unwrap().1.stages[1].bound().random);
}

#[test]
fn a_table_stage_sees_positions_and_gives_rows_to_samples() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write(
        "mine.py",
        "def run(points):\n    g = points['g'].to_numpy()\n    return {'sample': points['sample'], 'share': g / g.sum()}\n",
    );
    let stages = stage("grain: table, columns: {sample: {type: sample}, share: {}}");
    let ran = lab.run(&stages);
    assert_eq!(ran.failures(), []);
    let table = ran.table("mine");
    let mut rows: Vec<(String, f64)> = texts(&table, "sample").into_iter().zip(ran.floats("mine", "share")).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(rows, [("a".to_owned(), 1.0 / 6.5), ("b".to_owned(), 2.0 / 6.5), ("c".to_owned(), 3.5 / 6.5)]);
    assert_eq!(ran.computed("mine"), 1);
    // Another name is another label and no computation.
    let renamed = lab.run(&stages.replace("sample: a", "sample: z"));
    assert_eq!(renamed.computed("mine"), 0);
    assert!(texts(&renamed.table("mine"), "sample").contains(&"z".to_owned()));
    // A position that is none.
    lab.write("wrong.py", "def run(points):\n    return {'sample': [7], 'share': [1.0]}\n");
    let told = lab.run(&stages.replace("mine.py", "wrong.py")).failures().pop().unwrap().1;
    assert!(told.starts_with("`sample` is 7, which is not a sample of an input"), "{told}");
}

#[test]
fn labels_are_names_where_they_are_asked_for() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points):\n    return {'name': points['sample'], 'g': points['g']}\n");
    let stages = stage("grain: table, labels: true, columns: {name: {type: text}, g: {}}");
    let ran = lab.run(&stages);
    assert_eq!(ran.failures(), []);
    let mut names = texts(&ran.table("mine"), "name");
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(lab.run(&stages.replace("sample: a", "sample: z")).computed("mine"), 1);
}

#[test]
fn a_simulator_gives_several_tables() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    let script = "
def run(points):
    g = points['g'][0].as_py()
    spikes = {'population': ['I', 'E', 'E'], 'neuron': [0, 1, 0], 'step': [5, 9, 3]}
    populations = {'population': ['E', 'I'], 'size': [2, 1], 't_start_ms': 0.0, 't_stop_ms': 1.0, 'rate_hz': [1000.0 * g, 1.0]}
    return {'spikes': spikes, 'populations': populations}
";
    lab.write("mine.py", script);
    let ran = lab.run(&stage("outputs: {spikes: {table: spikes, dt: 0.1 ms}, populations: {table: populations}}"));
    assert_eq!(ran.failures(), []);
    let spikes = ran.output("mine", 0);
    // Spikes stand in order of population, step and neuron.
    assert_eq!(texts(&spikes, "population")[..3], ["I", "E", "E"]);
    let steps = spikes.column_by_name("step").unwrap().as_primitive::<UInt32Type>();
    assert_eq!(steps.values()[..3], [5, 3, 9]);
    let rates = ran.output("mine", 1);
    let rates = rates.column_by_name("rate_hz").unwrap().as_primitive::<Float64Type>();
    assert_eq!(rates.values()[..2], [1000.0, 1.0]);
}

#[test]
fn a_function_without_inputs_runs_once() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(n):\n    return {'x': [float(i) for i in range(n)]}\n");
    let ran = lab.run("  mine: {kind: python, script: mine.py, config: {n: 3}, columns: {x: {}}}\n");
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [0.0, 1.0, 2.0]);
    assert_eq!(ran.computed("mine"), 1);
}

#[test]
fn parameters_have_one_row_for_each_sample() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write(
        "mine.py",
        "def run(points):\n    g = points['g'][0].as_py()\n    return {'h': [2 * g] * (2 if g == 2 else 1)}\n",
    );
    let ran = lab.run(&stage("output: parameters, columns: {h: {unit: nS}}"));
    let failures = ran.failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0], ("b".to_owned(), "2 rows of parameters came out; a sample has one".to_owned()));
    assert_eq!(ran.floats("mine", "h"), [2.0, 7.0]);
}

#[test]
fn a_thread_starts_one_interpreter_and_all_samples_see_the_whole_tables() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("whole.py", "def run(n):\n    return {'v': [float(i) for i in range(n)]}\n");
    let script = "import os\nstarts = []\ndef run(points, whole):\n    starts.append(1)\n    total = sum(whole['v'].to_pylist())\n    return {'pid': [os.getpid()], 'calls': [len(starts)], 'x': [total * points['g'][0].as_py()]}\n";
    lab.write("mine.py", script);
    let rows: Vec<String> = (0..300).map(|g| format!("{{g: {g}}}")).collect();
    let ran = lab.run(&format!(
        "  points: {{kind: parameters.list, rows: [{}]}}\n  whole: {{kind: python, script: whole.py, config: {{n: 5}}, columns: {{v: {{}}}}}}\n  mine: {{kind: python, batch: 7, inputs: {{points: points, whole: whole}}, script: mine.py, columns: {{pid: {{type: int64}}, calls: {{type: int64}}, x: {{}}}}}}\n",
        rows.join(", ")
    ));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), (0..300).map(|g| 10.0 * f64::from(g)).collect::<Vec<_>>());
    let table = ran.table("mine");
    let processes: std::collections::BTreeSet<String> = texts(&table, "pid").into_iter().collect();
    assert!(processes.len() <= 2, "{processes:?}");
    let calls = texts(&table, "calls").iter().filter(|calls| *calls == "1").count();
    assert_eq!(calls, processes.len());
}
