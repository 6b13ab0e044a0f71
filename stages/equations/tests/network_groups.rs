//! Groups of neurons in models: steps, refractoriness, events, runs and what is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

mod groups;

use std::cell::Cell;

use lapicque_equations::network::{NetworkProblem, Options, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value, json};

use groups::{model, refused, run, simulated, values, with};

fn spiking() -> Value {
    json!({
        "constants": { "tau": "10*ms" },
        "neurons": { "G": {
            "size": 700,
            "equations": "dv/dt = (I - v)/tau : 1 (unless refractory)\ndw/dt = -w/tau : 1\nI : 1",
            "threshold": "v > 1",
            "reset": "v = 0; w += 0.1",
            "refractory": "2.5*ms",
            "initial": { "I": "0.9 + 1.5*i/N" },
        } },
        "monitors": {
            "spikes": { "G": { "of": "G", "variables": ["v"] } },
            "state": { "G": { "of": "G", "variables": ["v", "w", "not_refractory"] } },
        },
        "duration": "30*ms",
    })
}

#[test]
fn a_threshold_gives_the_same_within_the_update_and_alone() {
    let together = run(spiking());
    // What is scheduled in between keeps both apart.
    let between = json!({ "neurons": { "G": {
        "equations": "dv/dt = (I - v)/tau : 1 (unless refractory)\ndw/dt = -w/tau : 1\nI : 1\nk : 1",
        "run_regularly": [{ "code": "k += 1", "when": "after_groups" }],
    } } });
    let apart = run(with(spiking(), between));
    assert!(together.spikes[0].elements.len() > 500);
    assert_eq!(together, apart);
}

#[test]
fn refractoriness_of_one_length_is_that_of_an_expression() {
    for length in ["2.5", "0", "0.1", "0.25", "2.99"] {
        let fixed = run(with(spiking(), json!({ "neurons": { "G": { "refractory": format!("{length}*ms") } } })));
        let computed = format!("{length}*ms + 0*ms*w");
        let computed = run(with(spiking(), json!({ "neurons": { "G": { "refractory": computed } } })));
        assert_eq!(fixed, computed, "{length}");
    }
}

#[test]
fn only_resets_write_during_refractoriness() {
    let recording = run(json!({
        "neurons": { "G": {
            "size": 1,
            "equations": "dv/dt = 0/second : 1 (unless refractory)\nu : 1",
            "threshold": "v > 2.5",
            "reset": "v = 10",
            "refractory": "0.35*ms",
            "run_regularly": [{ "code": "v += 1; u += 1" }],
        } },
        "monitors": { "state": { "G": { "of": "G", "variables": ["v", "u"], "when": "end" } } },
        "duration": "1*ms",
    }));
    // A spike in step 2; timestep(0.35 ms) is 3, so the update of step 5 ends refractoriness, after the statements of step
    // 5 have run; v is then 11, which is a spike again.
    assert_eq!(values(&recording, "v"), [1.0, 2.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    assert_eq!(values(&recording, "u"), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
}

#[test]
fn statements_may_end_refractoriness() {
    let recording = run(json!({
        "neurons": { "G": {
            "size": 1,
            "equations": "v : 1",
            "threshold": "v > 0",
            "refractory": "10*ms",
            "reset": "lastspike_seen = 1*second; not_refractory = t > 0.15*ms",
            "initial": { "v": 1 },
        } },
        "monitors": { "spikes": { "G": { "of": "G" } } },
        "duration": "0.6*ms",
    }));
    // The state update sets it from the time of the last spike, whatever was written.
    assert_eq!(recording.spikes[0].steps, [0]);
}

#[test]
fn a_run_in_parts_is_the_run_as_a_whole() {
    let noisy = json!({
        "neurons": { "G": {
            "equations": "dv/dt = (I - v)/tau + 0.3*xi*tau**-0.5 : 1 (unless refractory)\ndw/dt = -w/tau : 1\nI : 1",
            "integrator": "euler",
        } },
    });
    let whole = run(with(spiking(), noisy.clone()));
    let parts = json!({ "duration": null, "runs": [
        { "duration": "10*ms" }, { "duration": "0.05*ms" }, { "duration": "19.95*ms" },
    ] });
    let parts = run(with(with(spiking(), noisy), parts));
    assert_eq!(whole.spikes, parts.spikes);
    assert_eq!(whole.states, parts.states);
}

#[test]
fn restoring_goes_back_with_what_was_recorded_and_draws_anew() {
    let noise = "dv/dt = -v/tau + xi*tau**-0.5 : 1 (unless refractory)\ndw/dt = -w/tau : 1\nI : 1";
    let base = with(
        spiking(),
        json!({ "duration": null, "neurons": { "G": {
        "equations": noise, "threshold": null, "reset": null, "size": 3,
    } }, "monitors": { "spikes": null, "state": { "G": { "variables": ["v"] } } } }),
    );
    let mut base = base;
    base["monitors"].as_object_mut().unwrap().remove("spikes");
    let runs = |runs: Value| run(with(base.clone(), json!({ "runs": runs })));
    let once = runs(json!([{ "duration": "1*ms", "store": "a" }, { "duration": "1*ms" }]));
    let again = runs(json!([
        { "duration": "1*ms", "store": "a" },
        { "duration": "1*ms" },
        { "restore": "a", "duration": "1*ms" },
    ]));
    let (once, again) = (&once.states[0], &again.states[0]);
    assert_eq!(once.times, again.times);
    assert_eq!(once.times.len(), 20);
    let (once, again) = (&once.variables[0].values, &again.variables[0].values);
    // Up to what the first step after the restored state begins with.
    assert_eq!(once[..33], again[..33]);
    assert!(once[33..].iter().zip(&again[33..]).all(|(once, again)| once != again));
}

#[test]
fn constants_variables_and_steps_change_between_runs() {
    let recording = run(json!({
        "constants": { "a": 1, "b": "2*a" },
        "neurons": { "G": { "size": 2, "equations": "x : 1\ny : 1", "run_regularly": [{ "code": "x += b" }] } },
        "monitors": { "state": { "G": { "of": "G", "variables": ["x", "y"], "when": "end" } } },
        "runs": [
            { "duration": "0.2*ms" },
            { "constants": { "a": "10" }, "duration": "0.2*ms" },
            { "time_step": "0.2*ms", "set": { "G.x": "y", "G.y": "x + i" }, "duration": "0.2*ms" },
        ],
    }));
    assert_eq!(values(&recording, "x"), [2.0, 2.0, 4.0, 4.0, 24.0, 24.0, 44.0, 44.0, 20.0, 20.0]);
    assert_eq!(values(&recording, "y"), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 44.0, 45.0]);
    assert_eq!(recording.states[0].times, [0.0, 1e-4, 2e-4, 3.0 * 1e-4, 4e-4]);
    assert_eq!(recording.end, 0.2e-3 + 0.2e-3 + 0.2e-3);
}

#[test]
fn runs_refuse_what_they_cannot_do() {
    let base = json!({ "neurons": { "G": { "size": 2, "equations": "x : 1" } } });
    let error = |runs: Value| refused(with(base.clone(), json!({ "runs": runs })));
    let (path, text) = error(json!([{ "duration": "0.3*ms" }, { "time_step": "0.2*ms", "duration": "1*ms" }]));
    assert_eq!(path, "runs.1.time_step");
    assert!(text.contains("whole number of steps"), "{text}");
    let (path, text) = error(json!([{ "store": "first" }, { "restore": "frist" }]));
    assert_eq!(path, "runs.1.restore");
    assert!(text.contains("did you mean `first`?"), "{text}");
    assert_eq!(error(json!([{ "constants": { "a": 1 } }])).0, "runs.0.constants.a");
    let (path, text) = error(json!([{ "set": { "H.x": 1 } }]));
    assert_eq!((path.as_str(), text.as_str()), ("runs.0.set.H.x", "there is no group `H`; did you mean `G`?"));
    assert_eq!(error(json!([{ "set": { "x": 1 } }])).1, "`x`: GROUP.VARIABLE");
    assert_eq!(error(json!([{ "duration": "-1*ms" }])).0, "runs.0.duration");
    assert_eq!(error(json!([{ "duration": "1*mV" }])).0, "runs.0.duration");
    let (path, text) = error(json!([{ "duration": "1e9*second" }]));
    assert_eq!(path, "runs.0.duration");
    assert!(text.contains("1099511627776 steps"), "{text}");
    assert_eq!(refused(base.clone()).0, "duration");
    assert_eq!(refused(with(base, json!({ "duration": "1*ms", "runs": [{}] }))).1, "either `duration` or `runs`");
}

#[test]
fn the_first_step_with_a_value_that_is_not_finite_is_named() {
    let blowing_up = json!({
        "neurons": { "G": {
            "size": 300,
            "equations": "dv/dt = rate*v**2/ms : 1\nrate : 1",
            "integrator": "euler",
            "initial": { "v": 1, "rate": { "at": [271], "value": 1 } },
        } },
        "monitors": { "final": { "G": { "of": "G", "variables": ["v"] } } },
        "duration": "10*ms",
    });
    let mut v: f64 = 1.0;
    let mut step = 0;
    loop {
        v += 0.1 * v * v;
        if !v.is_finite() {
            break;
        }
        step += 1;
    }
    assert!(step % 16 > 2);
    match simulated(blowing_up.clone()).unwrap_err().problem {
        NetworkProblem::NotFinite { variable, element, step: found, .. } => {
            assert_eq!((variable.as_str(), element, found), ("v", 271, step));
        }
        other => panic!("{other}"),
    }
    let allowed = run(with(blowing_up, json!({ "allow_not_finite": true })));
    assert!(!values(&allowed, "v")[271].is_finite());
}

#[test]
fn an_infinite_value_is_told_before_a_reset_hides_it() {
    let base = json!({
        "neurons": { "G": {
            "size": 2,
            "equations": "x : 1\nv : 1",
            "threshold": "v > 1",
            "reset": "v = 0",
            "run_regularly": [{ "code": "x += 1; v = 0.1/(5 + i - x)" }],
        } },
        "monitors": { "spikes": { "G": { "of": "G" } } },
        "duration": "10*ms",
    });
    let (path, problem) = refused(base.clone());
    assert_eq!(path, "neurons.G");
    assert!(problem.starts_with("`v` of element 0 is inf after step 4 (t = 0.4 ms)"), "{problem}");
    let recording = run(with(base, json!({ "allow_not_finite": true })));
    assert_eq!(recording.spikes[0].steps, [4, 5]);
}

#[test]
fn a_variable_that_begins_infinite_may_not_become_nan() {
    let base = |code: &str| {
        json!({
            "neurons": { "G": {
                "size": 2,
                "equations": "x : 1",
                "run_regularly": [{ "code": code }],
                "initial": { "x": "1 + inf*int(i == 1)" },
            } },
            "monitors": { "final": { "G": { "of": "G", "variables": ["x"] } } },
            "duration": "10*ms",
        })
    };
    // inf * 0 is NaN, so the value of element 0 is missing from the beginning.
    let (_, problem) = refused(base("x = x"));
    assert!(problem.contains("the value of element 0 is NaN"), "{problem}");
    let infinite = |code: &str| with(base(code), json!({ "neurons": { "G": { "initial": { "x": "1/(1 - i)" } } } }));
    assert_eq!(values(&run(infinite("x = x")), "x"), [1.0, f64::INFINITY]);
    assert!(refused(infinite("x = x - x")).1.contains("`x` of element 1 is NaN after step 0"));
}

#[test]
fn groups_have_clocks_of_their_own() {
    let clocks = |every: &str| {
        json!({
            "neurons": {
                "G": { "size": 1, "equations": "x : 1", "run_regularly": [{ "code": "x += 1", "every": every }] },
                "H": { "size": 1, "equations": "seen : second", "time_step": "0.25*ms", "run_regularly": [{ "code": "seen = t" }] },
            },
            "monitors": { "state": {
                "G": { "of": "G", "variables": ["x"], "when": "end" },
                "H": { "of": "H", "variables": ["seen"], "when": "end" },
                "rarely": { "of": "G", "variables": ["x"], "every": "0.3*ms" },
            } },
            "duration": "1*ms",
        })
    };
    let recording = run(clocks("0.5*ms"));
    assert_eq!(values(&recording, "x"), [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(values(&recording, "seen"), [0.0, 0.25e-3, 0.5e-3, 0.75e-3]);
    assert_eq!(recording.states[1].times, [0.0, 0.25e-3, 0.5e-3, 0.75e-3]);
    assert_eq!(recording.states[2].times.len(), 4);
    let (path, text) = refused(clocks("0.05*ms"));
    assert_eq!(path, "neurons.G.run_regularly.0.every");
    assert!(text.contains("at least the step of the group"), "{text}");
}

#[test]
fn poisson_groups_spike_with_their_rates() {
    let poisson = |rates: Value| {
        json!({
            "constants": { "r": "50*Hz" },
            "timed_arrays": { "stimulus": { "values": [0, 100], "time_step": "500*ms", "unit": "Hz" } },
            "poisson": { "P": { "size": 2000, "rates": rates } },
            "monitors": { "spikes": { "P": { "of": "P" } } },
            "duration": "1*second",
        })
    };
    // Standard deviations of counts of 2000 neurons.
    for (rates, expected) in [(json!("r"), 100_000.0), (json!("stimulus(t)"), 100_000.0), (json!("2*r*i/N"), 99_950.0)]
    {
        let count = run(poisson(rates)).spikes[0].elements.len() as f64;
        assert!((count - expected).abs() < 5.0 * f64::sqrt(expected), "{count} {expected}");
    }
    let mut listed = vec![0.0; 2000];
    listed[5] = 1e4;
    let recording = run(poisson(json!({ "values": listed, "unit": "Hz" })));
    assert_eq!(recording.spikes[0].elements, vec![5; 10_000]);
    for rates in [json!("3"), json!("-1*Hz"), json!("20*kHz"), json!({ "values": vec![-1.0; 2000], "unit": "Hz" })] {
        assert_eq!(refused(poisson(rates)).0, "poisson.P.rates");
    }
    let rows = json!({ "timed_arrays": { "stimulus": {
        "values": [], "rows": [[1, 2], [3, 4]], "time_step": "1*ms", "unit": "Hz",
    } } });
    let (path, text) = refused(with(poisson(json!("stimulus(t, i)")), rows));
    assert_eq!(path, "poisson.P.equations");
    assert!(text.contains("with 2 values for each time: a value for each of 2000 neurons"), "{text}");
    assert_eq!(refused(poisson(json!("unknown"))).0, "poisson.P.rates");
    assert_eq!(refused(poisson(json!({ "at": [1], "value": "3*Hz" }))).0, "poisson.P.rates");
}

#[test]
fn groups_refuse_what_is_wrong_with_its_place() {
    for (changes, path, text) in [
        (json!({ "size": 0 }), "neurons.G.size", "at least 1"),
        (json!({ "equations": "dv/dt = w : 1" }), "neurons.G.equations", "`w`"),
        (json!({ "equations": "v_pre : 1" }), "neurons.G.equations", "v_pre"),
        (json!({ "integrator": "rk5" }), "neurons.G.integrator", "one of exact, euler"),
        (
            json!({ "integrator": "exact", "equations": "dv/dt = -v**2/tau : 1\nw : 1\nI : 1" }),
            "neurons.G.integrator",
            "exact",
        ),
        (json!({ "threshold": "v" }), "neurons.G.threshold", "the threshold"),
        (json!({ "reset": "vv += 1" }), "neurons.G.reset", "`vv`"),
        (json!({ "refractory": "-1*ms" }), "neurons.G.refractory", "a time from 0 s"),
        (json!({ "refractory": "1*mV" }), "neurons.G.refractory", "the refractory time"),
        (
            json!({ "on_event": [{ "event": "spikes", "code": "v = 0" }] }),
            "neurons.G.on_event.0",
            "did you mean `spike`?",
        ),
        (json!({ "events": { "e": { "condition": "v" } } }), "neurons.G.events.e.condition", "the condition"),
        (json!({ "events": { "spike": { "condition": "v > 1" } } }), "neurons.G.events.spike", "the `threshold`"),
        (json!({ "time_step": "0*ms" }), "neurons.G.time_step", "above 0"),
        (json!({ "initial": { "I": "1" }, "replace": { "I": "3" } }), "neurons.G.equations", "expected"),
    ] {
        let (found, message) = refused(with(spiking(), json!({ "neurons": { "G": changes } })));
        assert_eq!(found, path, "{message}");
        assert!(message.contains(text), "{message}");
    }
    let (path, text) = refused(with(spiking(), json!({ "poisson": { "G": { "size": 1, "rates": "1*Hz" } } })));
    assert_eq!((path.as_str(), text.as_str()), ("poisson.G", "`G` is also the name of another object: neurons.G"));
    let (path, text) = refused(with(spiking(), json!({ "schedule": ["start", "groups", "thresholds", "end"] })));
    assert_eq!(path, "neurons.G.reset");
    assert!(text.contains("the slot `resets`"), "{text}");
    assert_eq!(refused(with(spiking(), json!({ "schedule": ["start", "start"] }))).0, "schedule");
    let reset =
        json!({ "neurons": { "G": { "size": 1, "equations": "v : 1", "reset": "v = 0" } }, "duration": "1*ms" });
    assert_eq!(refused(reset), ("neurons.G.reset".to_owned(), "a reset needs a `threshold`".to_owned()));
    let (path, text) = refused(json!({ "neurons": { "G[0]": { "size": 1 } }, "duration": "1*ms" }));
    assert_eq!((path.as_str(), text.as_str()), ("neurons", "`G[0]`: names are made of letters, digits, `_` and `-`"));
    let silent = json!({ "neurons": { "H": { "size": 1 } }, "monitors": { "spikes": { "H": { "of": "H" } } } });
    let (path, text) = refused(with(spiking(), silent));
    assert_eq!(path, "monitors.spikes.H.of");
    assert!(text.contains("no `threshold`"), "{text}");
}

#[test]
fn memory_is_refused_before_it_is_taken() {
    let key = StreamKey::new([7; 16]);
    let limited = |changes: Value, limit: u64| {
        let options = Options { memory_limit_bytes: Some(limit) };
        let model = model(with(spiking(), changes));
        simulate(&model, None, &options, &key, &|| false, &mut |_| ()).map_err(|error| (error.path, error.problem))
    };
    let huge = json!({ "neurons": { "G": { "size": 4_000_000_000_u32 } } });
    let Err((path, NetworkProblem::Memory { needed_mb, .. })) = limited(huge, 8 << 30) else { panic!() };
    assert_eq!(path, "neurons.G");
    assert!(needed_mb > 1e5);
    // 300 steps of 700 neurons and three variables are 5 MB.
    let Err((path, NetworkProblem::Memory { .. })) = limited(json!({}), 4 << 20) else { panic!() };
    assert_eq!(path, "monitors");
    assert!(limited(json!({}), 8 << 20).is_ok());
}

#[test]
fn a_run_can_be_cancelled_and_tells_how_far_it_is() {
    let key = StreamKey::new([7; 16]);
    let (asked, mut told) = (Cell::new(0), Vec::new());
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 100
    };
    let model = model(spiking());
    let error = simulate(&model, None, &Options::default(), &key, &cancelled, &mut |part| told.push(part));
    assert_eq!(error.unwrap_err().problem, NetworkProblem::Cancelled);
    assert!(told.last().is_some_and(|part| (0.3..0.35).contains(part)), "{told:?}");
    told.clear();
    simulate(&model, None, &Options::default(), &key, &|| false, &mut |part| told.push(part)).unwrap();
    assert!(told.is_sorted() && told.last() == Some(&1.0) && told.len() > 50 && told.len() < 250, "{told:?}");
}

#[test]
fn notes_tell_what_a_user_should_know() {
    let notes = run(with(
        spiking(),
        json!({ "neurons": { "G": {
        "equations": "dv/dt = (I - v**3)/tau : 1 (unless refractory)\ndw/dt = -w/tau : 1\nI : 1",
        "refractory": null,
    } }, "monitors": { "state": { "G": { "variables": ["v"] } } } }),
    ))
    .notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].starts_with("neurons.G: `unless refractory` of v does nothing"), "{}", notes[0]);
    assert!(notes[1].starts_with("neurons.G: forward Euler is taken"), "{}", notes[1]);
    assert!(run(spiking()).notes.is_empty());
}
