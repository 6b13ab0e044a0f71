//! First values of variables, and variables of other groups.
#![allow(clippy::unwrap_used, clippy::panic)]

mod groups;

use serde_json::{Value, json};

use groups::{refused, run, values, with};

fn first(initial: Value) -> Value {
    json!({
        "constants": { "c": 3 },
        "neurons": { "G": {
            "size": 4,
            "equations": "a : 1\nb : 1\nn : integer\nyes : boolean\ns : 1 (shared)\nk : volt (constant)\ntwice = 2*b : 1\nx : 1 (linked)",
            "linked": { "x": { "group": "H", "variable": "x" } },
            "initial": initial,
        }, "H": { "size": 1, "equations": "x : 1", "initial": { "x": 5 } } },
        "monitors": { "final": { "G": { "of": "G", "variables": ["a", "b", "n", "yes", "s", "k"] } } },
        "duration": "0*ms",
    })
}

#[test]
fn first_values_come_after_those_that_they_use() {
    let recording = run(first(json!({
        "a": "twice + c", "b": { "at": [3, 1], "value": "i*n" }, "n": "7.9", "yes": "i > 1", "s": "2*c",
        "k": { "values": [1, 2, 3, 4], "unit": "mV" },
    })));
    assert_eq!(values(&recording, "b"), [0.0, 7.0, 0.0, 21.0]);
    assert_eq!(values(&recording, "a"), [3.0, 17.0, 3.0, 45.0]);
    assert_eq!(values(&recording, "n"), [7.0; 4]);
    assert_eq!(values(&recording, "yes"), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(values(&recording, "s"), [6.0]);
    assert_eq!(values(&recording, "k"), [1e-3, 2e-3, 3e-3, 4e-3]);
    let drawn = run(first(json!({ "a": "rand()", "b": "rand()", "s": "randn()" })));
    let (a, b) = (values(&drawn, "a"), values(&drawn, "b"));
    assert!(a.iter().zip(b).all(|(a, b)| a != b) && a[0] != a[1] && a.iter().all(|a| (0.0..1.0).contains(a)));
    let other = run(first(json!({ "b": "rand()" })));
    assert_eq!(values(&other, "b"), b, "draws of a variable do not depend on others");
}

#[test]
fn first_values_refuse_what_does_not_fit() {
    let error = |initial: Value| {
        let (path, text) = refused(first(initial));
        format!("{path}: {text}")
    };
    for (initial, expected) in [
        (json!({ "a": "b", "b": "twice + a" }), "neurons.G.initial: a, b are made of each other"),
        (json!({ "a": "a + 1" }), "neurons.G.initial: a are made of each other"),
        (json!({ "yess": 1 }), "neurons.G.initial.yess: there is no variable `yess`; did you mean `yes`?"),
        (json!({ "twice": 1 }), "neurons.G.initial.twice: `twice`: what can be set"),
        (json!({ "x": 1 }), "neurons.G.initial.x: `x`: what can be set"),
        (json!({ "i": 1 }), "neurons.G.initial.i: `i`: what can be set"),
        (json!({ "a": "1*mV" }), "neurons.G.initial.a: "),
        (json!({ "a": "0/0" }), "neurons.G.initial.a: the value of element 0 is NaN: numbers"),
        (json!({ "a": [1, 2, 3] }), "neurons.G.initial.a: 3 values: one for each of 4 elements"),
        (json!({ "n": [1, 2, 3, 4.5] }), "neurons.G.initial.n: the value of element 3 is 4.5: whole numbers"),
        (json!({ "yes": [0, 1, 2, 1] }), "neurons.G.initial.yes: the value of element 2 is 2: 0 or 1"),
        (json!({ "yes": "1" }), "neurons.G.initial.yes: "),
        (json!({ "a": { "at": [4], "value": 1 } }), "neurons.G.initial.a: element 4: numbers below 4"),
        (json!({ "a": { "at": [1, 0, 1], "value": 1 } }), "neurons.G.initial.a: element 1 twice: each once"),
        (json!({ "s": { "at": [0], "value": 1 } }), "neurons.G.initial.s: one value is shared"),
        (json!({ "s": "i" }), "neurons.G.initial.s: `s` is shared by all elements"),
    ] {
        let found = error(initial);
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

fn linked(link: Value) -> Value {
    json!({
        "neurons": {
            "G": { "size": 3, "equations": "x : volt (linked)\ny = 2*x : volt", "linked": { "x": link } },
            "H": { "size": 2, "equations": "x : volt\ndz/dt = 1*mV/ms : volt\ns : volt (shared)\nsub = z : volt\nu : 1",
                   "initial": { "x": { "values": [1, 2], "unit": "volt" }, "s": "7*volt" } },
            "O": { "size": 1, "equations": "x : volt", "initial": { "x": "9*volt" } },
        },
        "monitors": { "state": { "G": { "of": "G", "variables": ["x", "y"] } } },
        "duration": "0.2*ms",
    })
}

#[test]
fn linked_variables_are_those_of_another_group() {
    let x = |link: Value| values(&run(linked(link)), "x").to_vec();
    assert_eq!(x(json!({ "group": "H", "variable": "x", "neurons": [1, 0, 1] }))[..3], [2.0, 1.0, 2.0]);
    assert_eq!(x(json!({ "group": "H", "variable": "s" }))[0], 7.0);
    assert_eq!(x(json!({ "group": "O", "variable": "x" }))[..3], [9.0; 3]);
    let recording = run(linked(json!({ "group": "H", "variable": "z", "neurons": [0, 0, 1] })));
    let y = values(&recording, "y");
    assert!((y[3] - 2e-4).abs() < 1e-18 && y[0] == 0.0, "{y:?}");
}

#[test]
fn first_values_follow_links() {
    let of = |g: &str, h: &str| {
        json!({
            "neurons": {
                "A": { "size": 2, "equations": "x : 1\ny : 1 (linked)", "linked": { "y": { "group": "B", "variable": "x" } }, "initial": { "x": g } },
                "B": { "size": 2, "equations": "x : 1\ny : 1 (linked)", "linked": { "y": { "group": "A", "variable": "x" } }, "initial": { "x": h } },
            },
            "monitors": { "final": { "A": { "of": "A", "variables": ["x"] } } },
            "duration": "0*ms",
        })
    };
    assert_eq!(values(&run(of("2*y", "3 + i")), "x"), [6.0, 8.0]);
    let (path, text) = refused(of("2*y", "y"));
    assert_eq!((path.as_str(), text.as_str()), ("neurons", "first values of A, B are made of each other"));
}

#[test]
fn links_refuse_what_is_not_there() {
    for (link, expected) in [
        (json!({ "group": "I", "variable": "x" }), "neurons.G.linked.x.group: there is no group `I`"),
        (
            json!({ "group": "H", "variable": "su" }),
            "neurons.G.linked.x.variable: there is no variable `su`; did you mean `s",
        ),
        (json!({ "group": "H", "variable": "sub" }), "neurons.G.linked.x.variable: `sub`: the variable of a link"),
        (json!({ "group": "G", "variable": "x" }), "neurons.G.linked.x.variable: `x`: the variable of a link"),
        (json!({ "group": "H", "variable": "u" }), "neurons.G.linked.x: `u` of `H` has the unit 1"),
        (json!({ "group": "H", "variable": "x" }), "neurons.G.linked.x: `H` has 2 neurons and this group 3"),
        (json!({ "group": "H", "variable": "x", "neurons": [0, 1] }), "neurons.G.linked.x.neurons: 2 numbers"),
        (json!({ "group": "H", "variable": "x", "neurons": [0, 1, 2] }), "neurons.G.linked.x.neurons: 2: below 2"),
        (json!({ "group": "H", "variable": "s", "neurons": [0, 0, 0] }), "neurons.G.linked.x.neurons: `s` is shared"),
    ] {
        let (path, text) = refused(linked(link));
        assert!(format!("{path}: {text}").starts_with(expected), "{path}: {text}\n{expected}");
    }
    let base = linked(json!({ "group": "O", "variable": "x" }));
    let (path, _) = refused(with(
        base.clone(),
        json!({ "neurons": { "G": { "linked": { "q": { "group": "O", "variable": "x" } } } } }),
    ));
    assert_eq!(path, "neurons.G.linked.q");
    let (path, _) =
        refused(with(base.clone(), json!({ "neurons": { "O": { "equations": "x : volt\nr : volt (linked)" } } })));
    assert_eq!(path, "neurons.O.linked.r");
    let written = json!({ "neurons": { "G": { "run_regularly": [{ "code": "x = 1*volt" }] } } });
    let (path, text) = refused(with(base, written));
    assert_eq!(path, "neurons.G.run_regularly.0.code");
    assert!(text.contains("it is a variable of another group"), "{text}");
}
