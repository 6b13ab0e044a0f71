use super::{EventRecorder, FinalRecorder, RateRecorder, StateRecorder};
use crate::engine::State;
use crate::network::context::Context;
use crate::network::description::{
    EventMonitor, FinalValues, Model, RateMonitor, Recorded, Slot, Smoothing, SpikeMonitor, StateMonitor, Text,
};
use crate::network::test_objects::{add_group, column, context, model};
use crate::units::Dimension;

const EQUATIONS: &str =
    "v : volt\nw = 2*v + gain*volt + t*volt/second : volt\ngain : 1 (shared)\ntwice = 2*gain : 1 (shared)";

fn group<'a>(model: &'a Model, size: usize) -> (Context<'a>, Vec<State>) {
    let mut context = context(model, 1);
    let mut states = Vec::new();
    add_group(&mut context, &mut states, "G", EQUATIONS, size);
    for (number, v) in column(&context, &mut states, "G", "v").iter_mut().enumerate() {
        *v = number as f64;
    }
    column(&context, &mut states, "G", "gain")[0] = 0.5;
    (context, states)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn state_monitor(of: &str, variables: &[&str], record: Recorded) -> StateMonitor {
    let when = Slot::named("start").unwrap();
    StateMonitor { of: of.to_owned(), variables: names(variables), record, when, ..StateMonitor::default() }
}

#[test]
fn states_are_recorded_in_the_order_of_the_list_and_shared_ones_once() {
    let model = model("1*ms");
    let (context, mut states) = group(&model, 6);
    let described = state_monitor("G[1:5]", &["w", "gain", "v", "twice"], Recorded::Elements(vec![3, 0]));
    let mut recorder = StateRecorder::new(&context, "m", &described).unwrap();
    recorder.record(&mut states, 0.0).unwrap();
    column(&context, &mut states, "G", "gain")[0] = 1.5;
    recorder.record(&mut states, 0.25).unwrap();
    assert_eq!(recorder.bytes_of(2), 2 * 8 * 7);
    let record = recorder.finish();
    assert_eq!(record.times, [0.0, 0.25]);
    assert_eq!(record.elements, [3, 0]);
    let values: Vec<_> = record.variables.iter().map(|v| (v.name.as_str(), v.shared, v.values.clone())).collect();
    let expected = [
        ("w", false, vec![8.5, 2.5, 9.75, 3.75]),
        ("gain", true, vec![0.5, 1.5]),
        ("v", false, vec![4.0, 1.0, 4.0, 1.0]),
        ("twice", true, vec![1.0, 3.0]),
    ];
    assert_eq!(values, expected);
    assert_eq!(record.variables[0].dimension, record.variables[2].dimension);
    assert_ne!(record.variables[0].dimension, Dimension::NONE);
}

#[test]
fn a_list_of_elements_gives_what_all_give() {
    let model = model("1*ms");
    let (context, mut states) = group(&model, 700);
    let all = state_monitor("G", &["w"], Recorded::All);
    let some = state_monitor("G", &["w"], Recorded::Elements(vec![699, 3, 300]));
    let mut records = [all, some].map(|described| StateRecorder::new(&context, "m", &described).unwrap());
    let before = states.clone();
    records.iter_mut().for_each(|recorder| recorder.record(&mut states, 0.003).unwrap());
    assert_eq!(states, before);
    let [all, some] = records.map(|recorder| recorder.finish().variables[0].values.clone());
    assert_eq!(some, [all[699], all[3], all[300]]);
    assert_eq!(all[300], 600.0 + 0.5 + 0.003);
}

#[test]
fn shared_variables_alone_have_one_element() {
    let model = model("1*ms");
    let (context, mut states) = group(&model, 3);
    let described = FinalValues { of: "G".to_owned(), variables: names(&["gain", "twice"]) };
    let record = FinalRecorder::new(&context, "m", &described).unwrap().finish(&mut states, 1.0).unwrap();
    assert_eq!((record.elements, record.times), (vec![0], vec![1.0]));
    assert_eq!(record.variables[1].values, [1.0]);
}

#[test]
fn final_values_are_those_of_the_part() {
    let model = model("1*ms");
    let (context, mut states) = group(&model, 5);
    let described = FinalValues { of: "G[3:]".to_owned(), variables: names(&["v"]) };
    let record = FinalRecorder::new(&context, "m", &described).unwrap().finish(&mut states, 1.0).unwrap();
    assert_eq!(record.elements, [0, 1]);
    assert_eq!(record.variables[0].values, [3.0, 4.0]);
}

#[test]
fn events_of_a_part_are_counted_from_its_start() {
    let model = model("1*ms");
    let (context, mut states) = group(&model, 8);
    let described = EventMonitor {
        of: "G[2:6]".to_owned(),
        event: "half".to_owned(),
        variables: names(&["w", "v", "twice", "gain"]),
    };
    let mut recorder = EventRecorder::events(&context, "m", &described).unwrap();
    assert_eq!(recorder.event, "half");
    recorder.record(&mut states, &[0, 1, 7], 0, 0.0).unwrap();
    recorder.record(&mut states, &[1, 2, 5, 6], 3, 0.003).unwrap();
    let mut later = EventRecorder::events(&context, "m", &described).unwrap();
    later.resume(&recorder);
    later.record(&mut states, &[4], 4, 0.004).unwrap();
    assert_eq!(later.bytes(), 3 * 52);
    let record = later.finish();
    assert_eq!((record.size, record.dt, record.one_dt), (4, 1e-3, true));
    assert_eq!(
        (record.elements, record.steps, record.times),
        (vec![0, 3, 2], vec![3, 3, 4], vec![0.003, 0.003, 0.004])
    );
    let values: Vec<_> = record.variables.iter().map(|v| (v.shared, v.values.clone())).collect();
    let expected = [vec![4.503, 10.503, 8.504], vec![2.0, 5.0, 4.0], vec![1.0; 3], vec![0.5; 3]];
    assert_eq!(values, expected.map(|values| (false, values)));
}

#[test]
fn another_step_is_told() {
    let model = model("1*ms");
    let (mut context, _) = group(&model, 2);
    let described = SpikeMonitor { of: "G".to_owned(), variables: Vec::new() };
    let first = EventRecorder::spikes(&context, "m", &described).unwrap();
    context.objects[0].dt = 2e-3;
    let mut second = EventRecorder::spikes(&context, "m", &described).unwrap();
    second.resume(&first);
    let record = second.finish();
    assert_eq!((record.dt, record.one_dt), (2e-3, false));
    let smooth = Some(Smoothing::Flat(Text::new("3*ms")));
    let described = RateMonitor { of: "G".to_owned(), smooth };
    let mut first = RateRecorder::new(&context, "m", &described).unwrap();
    first.record(&[], 0.0);
    context.objects[0].dt = 1e-3;
    let error = RateRecorder::new(&context, "m", &described).unwrap().resume(&first).unwrap_err();
    let expected = "monitors.rate.m.smooth: a rate cannot be smoothed over runs with different time steps";
    assert_eq!(error.to_string(), expected);
}

/// Rates of 4 neurons with a step of 1 ms, smoothed. Expected: `numpy.convolve(rates, window/window.sum(), "same")`,
/// NumPy 2.2.6.
#[test]
fn rates_are_smoothed_as_a_convolution_does() {
    let model = model("1*ms");
    let (context, _) = group(&model, 4);
    let rates = |smooth: Option<Smoothing>| {
        let described = RateMonitor { of: "G".to_owned(), smooth };
        let mut recorder = RateRecorder::new(&context, "m", &described).unwrap();
        for (step, fired) in [&[][..], &[0, 1, 2, 3], &[], &[2], &[], &[0, 3]].into_iter().enumerate() {
            recorder.record(fired, step as f64 * 1e-3);
        }
        recorder.finish().rates
    };
    assert_eq!(rates(None), [0.0, 1000.0, 0.0, 250.0, 0.0, 500.0]);
    let close = |found: Vec<f64>, expected: [f64; 6]| {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * 1000.0, "{found} {expected}");
        }
        assert_eq!(found.len(), 6);
    };
    let third = 1000.0 / 3.0;
    let flat = |width: &str| rates(Some(Smoothing::Flat(Text::new(width))));
    close(flat("3*ms"), [third, third, 1250.0 / 3.0, 250.0 / 3.0, 250.0, 500.0 / 3.0]);
    close(flat("1*ms"), [0.0, 1000.0, 0.0, 250.0, 0.0, 500.0]);
    // Weights 1, e^-2 and e^-8 over their sum.
    let (one, two) = ((-2.0_f64).exp(), (-8.0_f64).exp());
    let sum = 1.0 + 2.0 * one;
    let gaussian = rates(Some(Smoothing::Gaussian(Text::new("0.5*ms"))));
    let weighted = [one * 1000.0, 1000.0, one * 1250.0, 250.0, one * 750.0, 500.0].map(|value| value / sum);
    close(gaussian, weighted);
    let sum = 1.0 + 2.0 * ((-0.5_f64).exp() + one);
    assert!(two < one);
    let half = (-0.5_f64).exp();
    let weighted = [
        1000.0 * half,
        1000.0 + 250.0 * one,
        (1000.0 + 250.0) * half,
        1000.0 * one + 250.0 + 500.0 * one,
        750.0 * half,
        250.0 * one + 500.0,
    ];
    close(rates(Some(Smoothing::Gaussian(Text::new("1*ms")))), weighted.map(|value| value / sum));
    // A window that is longer than the record.
    close(flat("101*ms"), [1750.0 / 101.0; 6]);
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let model = model("1*ms");
    let (context, _) = group(&model, 4);
    let state = |of: &str, variables: &[&str], record: Recorded| {
        StateRecorder::new(&context, "m", &state_monitor(of, variables, record)).unwrap_err().to_string()
    };
    let all = || Recorded::All;
    assert_eq!(state("H", &["v"], all()), "monitors.state.m.of: there is no group `H`; did you mean `G`?");
    let expected = "monitors.state.m.variables: there is no variable `twic`; did you mean `twice`?";
    assert_eq!(state("G", &["twic"], all()), expected);
    assert_eq!(state("G", &["v", "v"], all()), "monitors.state.m.variables: `v` is there twice");
    assert_eq!(state("G", &[], all()), "monitors.state.m.variables: there must be at least one variable to record");
    let expected = "monitors.state.m.record: element 3: there are 3, counted from 0";
    assert_eq!(state("G[1:4]", &["v"], Recorded::Elements(vec![0, 3])), expected);
    let expected = "monitors.state.m.record: element 1: each element once";
    assert_eq!(state("G", &["v"], Recorded::Elements(vec![1, 0, 1])), expected);
    let expected = "monitors.state.m.record: no element: `all`, or at least one";
    assert_eq!(state("G", &["v"], Recorded::Elements(Vec::new())), expected);
    let mut described = state_monitor("G", &["v"], all());
    described.every = Some(Text::new("0*ms"));
    let error = StateRecorder::new(&context, "m", &described).unwrap_err();
    assert_eq!(error.to_string(), "monitors.state.m.every: 0*ms: a time above 0*second");
    let smooth = |text: &str| {
        let described = RateMonitor { of: "G".to_owned(), smooth: Some(Smoothing::Gaussian(Text::new(text))) };
        RateRecorder::new(&context, "m", &described).unwrap_err().to_string()
    };
    assert_eq!(smooth("-1*ms"), "monitors.rate.m.smooth.gaussian: -1*ms: a time above 0*second");
    let expected = "monitors.rate.m.smooth.gaussian: 1001*second: at most 1000000 steps of the clock";
    assert_eq!(smooth("1001*second"), expected);
}
