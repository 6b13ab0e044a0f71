//! A model of another family, added from outside of the crate: what it takes to sweep its values, and what comes with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::borrow::Cow;
use std::collections::BTreeMap;

use given::{Given, Ran, bind_kinds, run_bound};
use lapicque_numerics::random::{Generator, StreamKey};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Graph, Kind, Output, Pipeline, PortMode, PortSpec, Ports,
    SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::parameters;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_stages::swept::Swept;
use lapicque_units::{Entry, ModelKey, Range, SetError, Settable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The science: tau x' = gain u - x with noise, from one value of the input to the next.
#[derive(Clone, Serialize)]
struct LinearFilter {
    gain: f64,
    tau_ms: f64,
}

impl LinearFilter {
    fn filtered(&self, input: &[f64], dt_ms: f64, mut noise: impl FnMut() -> f64) -> Vec<f64> {
        let decay = (-dt_ms / self.tau_ms).exp();
        let mut x = 0.0;
        let next = |u: &f64| {
            x = decay * x + (1.0 - decay) * self.gain * u + noise();
            x
        };
        input.iter().map(next).collect()
    }
}

// What it takes to sweep it.
impl Settable for LinearFilter {
    type Error = SetError;
    const NAME: &'static str = "the filter";

    fn entries(&self) -> Vec<Entry> {
        vec![Entry::new("gain", "1", self.gain, Range::Any), Entry::new("tau", "ms", self.tau_ms, Range::Positive)]
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        match path {
            "gain" => self.gain = value,
            "tau" => self.tau_ms = value,
            _ => return Err(SetError::unknown(path)),
        }
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: self, swept }
    }
}

// The kind, as any other.
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, true),
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    noise: f64,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

struct FilterKind;

struct FilterStage {
    bound: Bound,
    filter: Swept<LinearFilter>,
    noise: f64,
}

impl Kind for FilterKind {
    fn name(&self) -> &str {
        "test.linear_filter"
    }

    fn summary(&self) -> &str {
        "Filter signals by a linear first-order system with noise"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        json!({"properties": {"noise": {}, "parameters": {}}})
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = lapicque_pipeline::config::typed_as_written(request.config, request.written)?;
        let mut notes = Vec::new();
        let filter = Swept::bind(LinearFilter { gain: 1.0, tau_ms: 10.0 }, &config.parameters, request, &mut notes)?;
        let mut canonical = filter.canonical()?;
        canonical["noise"] = config.noise.into();
        let mut bound = Bound::new(1, canonical, request.inputs, vec![Output::new("signals", signals::schema())]);
        filter.declare(&mut bound);
        bound.random = config.noise != 0.0;
        bound.notes = notes;
        Ok(Box::new(FilterStage { bound, filter, noise: config.noise }))
    }
}

impl Stage for FilterStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            let filter = self.filter.of_sample(batch.table(number, "parameters"))?;
            let input = batch.table(number, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
            let mut filtered = signals::read(input).map_err(SampleError::input)?;
            let mut noise: Generator = StreamKey::new(sample.stream("noise")).at(0);
            for signal in &mut filtered {
                let values = filter.filtered(&signal.values, signal.dt_ms, || self.noise * noise.normal());
                signal.values = Cow::Owned(values);
            }
            let table = signals::write(&filtered).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: Vec::new() })
        })
    }
}

/// Of both tests and reference.
const INPUT: [f64; 5] = [1.0, -2.0, 3.0, 0.5, 0.0];

/// A pipeline of the filter on one signal, with `points` as parameters if there are any.
fn bound(filter: Value, points: Option<Value>) -> Result<(Pipeline, Graph), String> {
    let values = Cow::Owned(INPUT.to_vec());
    let (channel, unit) = (Cow::Borrowed("Cz"), Cow::Borrowed("uV"));
    let signal = Signal { channel, epoch: 0, t0_ms: 0.0, dt_ms: 2.0, unit, values };
    let input = Given::whole("test.input", "signals", signals::write(&[signal]).unwrap());
    let mut stages = json!({"input": {"kind": "test.input"}, "points": points, "filtered": filter});
    stages["filtered"]["kind"] = json!("test.linear_filter");
    stages["filtered"]["inputs"] = json!({"signals": "input"});
    match points {
        Some(_) => stages["filtered"]["inputs"]["parameters"] = json!("points"),
        None => drop(stages.as_object_mut().unwrap().remove("points")),
    }
    let kinds: [Box<dyn Kind>; 2] = [Box::new(input), Box::new(FilterKind)];
    bind_kinds(kinds, &stages)
}

fn sweep(rows: Value) -> Option<Value> {
    Some(json!({"kind": "parameters.list", "rows": rows}))
}

fn ran(filter: Value, points: Option<Value>) -> Ran {
    run_bound(bound(filter, points), 2)
}

fn values(ran: &Ran) -> Vec<Vec<f64>> {
    let table = ran.table("filtered", 0);
    signals::read(&table).unwrap().into_iter().map(|signal| signal.values.into_owned()).collect()
}

fn reference(gain: f64, tau_ms: f64) -> Vec<f64> {
    LinearFilter { gain, tau_ms }.filtered(&INPUT, 2.0, || 0.0)
}

/// What the filter stage declares.
fn declared(filter: Value, points: Option<Value>) -> Bound {
    bound(filter, points).unwrap().1.stages.last().unwrap().bound().clone()
}

#[test]
fn columns_fixed_values_and_defaults_set_the_model() {
    let plain = reference(1.0, 10.0);
    assert!((plain[1] - ((1.0 - (-0.2f64).exp()) * ((-0.2f64).exp() - 2.0))).abs() < 1e-15);
    assert_eq!(values(&ran(json!({}), None)), [plain]);
    let fixed = ran(json!({"parameters": {"tau": "0.02 s", "gain": 3}}), None);
    assert_eq!(values(&fixed), [reference(3.0, 20.0)]);
    let points = sweep(json!([{"tau": "5 ms"}, {"tau": "20 ms"}]));
    let swept = ran(json!({"parameters": {"gain": "50 %"}}), points);
    assert_eq!(values(&swept), [reference(0.5, 5.0), reference(0.5, 20.0)]);
    // The unit of a column is that of its table.
    let seconds = ran(json!({}), sweep(json!([{"tau": "0.005 s", "gain": 2}, {"tau": "0.02 s", "gain": -2}])));
    assert_eq!(values(&seconds), [reference(2.0, 5.0), reference(-2.0, 20.0)]);
}

#[test]
fn noise_is_that_of_the_sample() {
    let rows = json!([{"tau": "5 ms"}, {"tau": "6 ms"}]);
    let noisy = || values(&ran(json!({"noise": 1.0}), sweep(rows.clone())));
    let first = noisy();
    assert_eq!(first, noisy());
    let noise = |i: usize, tau_ms: f64| first[i][0] - reference(1.0, tau_ms)[0];
    assert!(noise(0, 5.0) != 0.0 && (noise(0, 5.0) - noise(1, 6.0)).abs() > 1e-9);
}

#[test]
fn the_key_has_the_model_what_is_swept_and_no_more() {
    let config = |filter: Value, points: Option<Value>| declared(filter, points).config;
    let plain = config(json!({}), None);
    assert_eq!(plain, json!({"model": {"gain": 1.0, "tau_ms": 10.0}, "swept": [], "noise": 0.0}));
    assert_eq!(config(json!({"parameters": {"tau": "10 ms"}}), None), plain);
    let points = || sweep(json!([{"tau": "5 ms"}, {"tau": "6 ms"}]));
    let all = [
        plain,
        config(json!({"parameters": {"tau": "11 ms"}}), None),
        config(json!({}), points()),
        config(json!({"parameters": {"gain": 2}}), points()),
    ];
    assert!((0..all.len()).all(|i| !all[..i].contains(&all[i])), "{all:?}");
    let bound = declared(json!({}), sweep(json!([{"tau": "5 ms", "gain": 1}, {"tau": "6 ms", "gain": 2}])));
    let read = bound.reads.iter().find(|read| read.port == "parameters").unwrap();
    assert_eq!(read.columns, Some(vec!["tau".to_owned(), "gain".to_owned()]));
    assert_eq!(bound.reads.iter().find(|read| read.port == "signals").unwrap().columns, None);
}

#[test]
fn a_column_without_a_unit_is_told_where_a_unit_is_assumed() {
    let notes = declared(json!({}), sweep(json!([{"tau": 5, "gain": 1}, {"tau": 6, "gain": 2}]))).notes;
    assert_eq!(notes, ["the column `tau` has no unit and is taken to be in ms"]);
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let fixed = |name: &str, value: Value| (json!({"parameters": {name: value}}), None);
    let column = |rows: Value| (json!({}), sweep(rows));
    let both = (json!({"parameters": {"tau": "5 ms"}}), sweep(json!([{"tau": "5 ms"}, {"tau": "6 ms"}])));
    for ((filter, points), told) in [
        (fixed("tua", json!("5 ms")), "parameters.tua: the filter has no value `tua`; did you mean `tau`?"),
        (fixed("tau", json!(5)), "parameters.tau: `5` has no unit; write e.g. `5 ms`"),
        (fixed("tau", json!("5 mV")), "`5 mV` is a voltage; a time such as `1 ms` is expected"),
        (fixed("tau", json!("-5 ms")), "parameters.tau: `tau` = -5 ms is not allowed; it must be greater than 0"),
        (fixed("tau", json!([1])), "expected a number with a unit such as `1 ms`, found `[1]`"),
        (fixed("gain", json!(true)), "expected a number such as `1`, found `true`"),
        (column(json!([{"tau": "5 mV"}])), "the column `tau` is in `mV`, a voltage; a time is expected, e.g. in `ms`"),
        (column(json!([{"tau": "fast"}])), "the column `tau` must hold numbers, as it sets a time; it holds text"),
        (column(json!([{"tua": "5 ms"}])), "no stage reads the column `tua`; did you mean `tau`?"),
        (both, "a column and the field `parameters` both set `tau`; leave one of them out"),
    ] {
        let problem = bound(filter, points).map(drop).unwrap_err();
        assert!(problem.contains(told), "{told}: {problem}");
    }
}

#[test]
fn a_value_out_of_range_fails_its_sample_alone() {
    let ran = ran(json!({}), sweep(json!([{"tau": "5 ms"}, {"tau": "-5 ms"}, {"tau": "0 ms"}])));
    assert_eq!(values(&ran), [reference(1.0, 5.0)]);
    for told in ["`tau` = -5 ms is not allowed; it must be greater than 0", "`tau` = 0 ms is not allowed"] {
        assert!(ran.failures().contains(told), "{}", ran.failures());
    }
}
