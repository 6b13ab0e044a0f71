//! `python`: what its results depend on, and what is refused before anything runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_pipeline::Graph;
use lapicque_pipeline::keys::Ingredients;
use support::{Lab, has_python, points, python};

fn stage(more: &str) -> String {
    format!("{}  mine: {{kind: python, inputs: {{points: points}}, {more}}}\n", points(&[1.0, 2.0]))
}

fn key(graph: &Graph) -> String {
    let stage = graph.stages.iter().find(|stage| stage.name == "mine").unwrap();
    let ingredients =
        Ingredients::new("python", 0, stage.bound(), stage.seed, std::collections::BTreeMap::new(), Vec::new());
    ingredients.to_json().to_string()
}

#[test]
fn all_that_a_result_depends_on_is_in_the_key() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    let base = "script: code/mine.py, columns: {x: {}}, packages: [pyarrow], files: [data.txt], config: {n: 1}";
    let files = [
        (
            "code/mine.py",
            "import helper, os\nfrom pack.inner import twice\ndef run(points, n=0):\n    return {'x': [twice(helper.one)]}\n",
        ),
        ("code/helper.py", "one = 1.0\n"),
        ("code/pack/__init__.py", ""),
        ("code/pack/inner.py", "from . import deep\ndef twice(x):\n    return deep.two * x\n"),
        ("code/pack/deep.py", "two = 2.0\n"),
        ("data.txt", "1\n"),
    ];
    for (name, text) in files {
        lab.write(name, text);
    }
    lab.write("code/unused.py", "x = 1\n");
    let known = key(&lab.bind(&stage(base)).unwrap().1);
    let ran = lab.run(&stage(base));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [2.0, 2.0]);
    for (name, text) in files {
        lab.write(name, format!("{text}# a comment\n"));
        assert_ne!(key(&lab.bind(&stage(base)).unwrap().1), known, "{name}");
        lab.write(name, text);
        assert_eq!(key(&lab.bind(&stage(base)).unwrap().1), known, "{name}");
    }
    lab.write("code/unused.py", "x = 2\n");
    assert_eq!(key(&lab.bind(&stage(base)).unwrap().1), known);
    for (from, to) in [
        ("config: {n: 1}", "config: {n: 2}"),
        ("packages: [pyarrow]", "packages: []"),
        ("columns: {x: {}}", "columns: {x: {unit: mV}}"),
        ("columns: {x: {}}", "columns: {x: {}}, as: numpy"),
        ("columns: {x: {}}", "columns: {x: {}}, batched: true"),
        ("columns: {x: {}}", "columns: {x: {}}, threads: 2"),
    ] {
        assert_ne!(key(&lab.bind(&stage(&base.replace(from, to))).unwrap().1), known, "{to}");
    }
    for (from, to) in [
        ("columns: {x: {}}", "columns: {x: {description: something}}"),
        ("columns: {x: {}}", "columns: {x: {}}, memory_limit: 4 GiB"),
        ("columns: {x: {}}", "columns: {x: {}}, timeout: 10 s"),
    ] {
        assert_eq!(key(&lab.bind(&stage(&base.replace(from, to))).unwrap().1), known, "{to}");
    }
    assert!(known.contains("\"interpreter\":\"cpython 3."), "{known}");
    assert!(known.contains("\"packages\":{\"pyarrow\":\""), "{known}");
}

#[test]
fn a_comment_computes_anew_and_is_cut_off_below() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points):\n    return {'x': points['g']}\n");
    let below = "  below: {kind: python, inputs: {mine: mine}, script: below.py, columns: {y: {}}}\n";
    lab.write("below.py", "def run(mine):\n    return {'y': mine['x']}\n");
    let stages = stage("script: mine.py, columns: {x: {}}") + below;
    assert_eq!((lab.run(&stages).computed("mine"), lab.run(&stages).computed("mine")), (2, 0));
    lab.write("mine.py", "def run(points):\n    return {'x': points['g']}  # the same\n");
    let ran = lab.run(&stages);
    assert_eq!((ran.computed("mine"), ran.computed("below")), (2, 0));
}

#[test]
fn what_runs_is_what_was_hashed() {
    if !python() {
        return;
    }
    // A module of the same name in the working directory, or one that is not imported by name, is not found.
    let lab = Lab::new();
    lab.write(
        "code/mine.py",
        "import importlib\ndef run(points, name):\n    return {'x': [importlib.import_module(name).one]}\n",
    );
    lab.write("code/hidden.py", "one = 1.0\n");
    lab.write("shadow.py", "one = 2.0\n");
    for name in ["hidden", "shadow"] {
        let ran = lab.run(&stage(&format!("script: code/mine.py, columns: {{x: {{}}}}, config: {{name: {name}}}")));
        let told = &ran.failures()[0].1;
        assert!(told.starts_with(&format!("ModuleNotFoundError: No module named '{name}'")), "{told}");
    }
}

#[test]
fn packages_whose_versions_are_not_in_the_key_are_told() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "import json, numpy as np, pyarrow\nfrom os import path\ntry:\n    import nowhere\nexcept ImportError:\n    pass\ndef run(points):\n    return {'x': [1.0]}\n");
    let notes = |more: &str| {
        let (_, graph) = lab.bind(&stage(&format!("script: mine.py, columns: {{x: {{}}}}{more}"))).unwrap();
        graph.stages[1].bound().notes.join("\n")
    };
    assert!(notes("").starts_with("`mine.py` imports nowhere, numpy, whose versions"), "{}", notes(""));
    assert!(notes(", packages: [numpy]").starts_with("`mine.py` imports nowhere, whose versions"));
    assert_eq!(lab.run(&stage("script: mine.py, columns: {x: {}}")).failures(), []);
}

#[test]
fn bad_inputs_are_refused_before_anything_runs() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "raise SystemError('it ran')\ndef run(points, *, a, b=1):\n    pass\ndef ruin():\n    pass\n");
    lab.write("syntax.py", "def run(points):\n    return (\n");
    lab.write("bad_helper.py", "import broken\ndef run(points):\n    pass\n");
    lab.write("broken.py", "def f(:\n");
    lab.write(
        "other.py",
        "async def run(points):\n    pass\ndef positional(points, /):\n    pass\ndef points(points):\n    pass\n",
    );
    lab.write("empty.py", "");
    lab.write("not_text.py", b"x = '\xff\xfe'\n");
    let good = "script: mine.py, config: {a: 1}, columns: {x: {}}";
    assert!(lab.bind(&stage(good)).is_ok());
    for (from, to, says) in [
        ("mine.py", "gone.py", "stages.mine.script: there is no file"),
        ("mine.py", "syntax.py", "stages.mine.script: syntax.py, line 2: "),
        ("mine.py", "bad_helper.py", "stages.mine.script: broken.py, line 1: "),
        ("mine.py", "not_text.py", "stages.mine.script: not_text.py"),
        ("mine.py", "empty.py", "stages.mine.function: `empty.py` defines no function; expected `def run(...):`"),
        ("mine.py", "other.py", "`run` is an `async def`"),
        ("mine.py,", "other.py, function: positional,", "takes `points` without its name"),
        (
            "mine.py,",
            "mine.py, function: rnu,",
            "stages.mine.function: `mine.py` has no function `rnu`; did you mean `run`? (it has: run, ruin)",
        ),
        (
            "config: {a: 1}",
            "config: {}",
            "stages.mine.config: `run` needs `a`, which is neither an input nor in `config`",
        ),
        ("config: {a: 1}", "config: {a: 1, c: 2}", "stages.mine.config.c: `run` has no argument `c`"),
        ("config: {a: 1}", "config: {a: 1, points: 2}", "stages.mine.config.points: `points` is an input as well"),
        ("columns: {x: {}}", "packages: []", "stages.mine.output: say which table it gives"),
        ("columns: {x: {}}", "columns: {x: {type: flaot64}}", "did you mean `float64`?"),
        ("columns: {x: {}}", "columns: {x: {}}, output: signal", "did you mean `signals`?"),
        ("columns: {x: {}}", "columns: {x: {}}, packages: [no-such-package-of-anyone]", "stages.mine.packages.0: "),
        ("columns: {x: {}}", "columns: {x: {}}, as: nump", "did you mean `numpy`?"),
        ("columns: {x: {}}", "columns: {x: {}}, threads: 0", "stages.mine.threads: expected 1 to 1024, got 0"),
        ("columns: {x: {}}", "columns: {x: {}}, memory_limit: 4", "stages.mine.memory_limit: "),
        ("columns: {x: {}}", "columns: {x: {}}, memory_limit: 4 apples", "expected a size with its unit, e.g. `4 GiB`"),
        ("columns: {x: {}}", "columns: {x: {}}, files: [nowhere.csv]", "stages.mine.files.0: there is no file"),
        (
            "columns: {x: {}}",
            "columns: {x: {}}, interpreter: no-such-python",
            "there is no program `no-such-python`; install Python 3.9 or later with pyarrow",
        ),
        ("columns: {x: {}}", "columns: {x: {}}, interpreter: cat", "is not a Python 3.9 or later that runs here"),
        ("columns: {x: {}}", "columns: {x: {}}, interpreter: ./mine.py", "stages.mine.interpreter: cannot start"),
        ("columns: {x: {}}", "columns: {x: {}}, labels: true", "stages.mine.labels: only a stage with `grain: table`"),
        ("columns: {x: {}}", "columns: {x: {}}, grain: table, batched: true", "stages.mine.batched: "),
        (
            "columns: {x: {}}",
            "columns: {x: {}}, outputs: {y: {table: signals}}",
            "give either `outputs` with all tables, or one table",
        ),
        (
            "columns: {x: {}}",
            "outputs: {Big: {table: signals}}",
            "stages.mine.outputs.Big: names of outputs are small letters",
        ),
        ("columns: {x: {}}", "columns: {x: {}}, scrip: a", "did you mean `script`?"),
    ] {
        let told = lab.refused(&stage(&good.replace(from, to)));
        assert!(told.contains(says), "{to}:\n{told}");
    }
    let told = lab.refused(&format!("{}  mine: {{kind: python, inputs: {{dots: points}}, {good}}}\n", points(&[1.0])));
    assert!(told.contains("stages.mine.inputs.dots: `run` has no argument `dots` (it takes: points, a, b)"), "{told}");
    assert!(told.contains("`run` needs `points`"), "{told}");
}

#[test]
fn functions_that_cannot_be_seen_are_taken_at_their_word() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("helper.py", "def run(points):\n    return {'x': points['g']}\n");
    lab.write("mine.py", "from helper import run\n");
    assert_eq!(lab.run(&stage("script: mine.py, columns: {x: {}}")).failures(), []);
    lab.write("wrapped.py", "import functools\ndef decorate(f):\n    @functools.wraps(f)\n    def g(**all):\n        return f(all['points'])\n    return g\n@decorate\ndef run(_):\n    return {'x': _['g']}\n");
    assert_eq!(lab.run(&stage("script: wrapped.py, columns: {x: {}}")).failures(), []);
    // Wrong arguments are then told by the call.
    let ran = lab.run(&stage("script: mine.py, columns: {x: {}}, config: {more: 1}"));
    assert!(ran.failures()[0].1.contains("unexpected keyword argument 'more'"), "{:?}", ran.failures());
}

/// An interpreter of this name, which does something before it starts.
fn wrapper(lab: &Lab, name: &str, before: &str, options: &str) {
    let python = std::env::var("LAPICQUE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    lab.write(name, format!("#!/bin/sh\n{before}\nexec '{python}' {options} \"$@\"\n"));
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(lab.folder().join(name), executable).unwrap();
}

#[test]
fn what_is_printed_before_the_interpreter_begins_is_no_answer() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points):\n    return {'x': points['g']}\n");
    wrapper(&lab, "loud", "printf 'welcome\\n\\001\\002 no end of line'", "");
    let ran = lab.run(&stage("script: mine.py, columns: {x: {}}, interpreter: ./loud"));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [1.0, 2.0]);
    wrapper(&lab, "endless", "yes", "");
    let told = lab.refused(&stage("script: mine.py, columns: {x: {}}, interpreter: ./endless"));
    assert!(told.contains("is not a Python 3.9 or later that runs here"), "{told}");
}

#[test]
fn a_python_without_pyarrow_is_told_what_to_install() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points):\n    pass\n");
    wrapper(&lab, "bare", "", "-S -E");
    let told = lab.refused(&stage("script: mine.py, columns: {x: {}}, interpreter: ./bare"));
    assert!(told.contains("has no pyarrow; install it: `") && told.contains("-m pip install pyarrow`"), "{told}");
    if !has_python(&["polars"]) {
        let told = lab.refused(&stage("script: mine.py, columns: {x: {}}, as: polars"));
        assert!(told.contains("stages.mine.as: ") && told.contains("has no polars; install it"), "{told}");
    }
}
