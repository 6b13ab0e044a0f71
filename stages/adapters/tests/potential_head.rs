//! `potential.head` and `potential.lead_field` against LFPykit and by hand, and their messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::borrow::Cow;

use given::{Given, bind, problems, run_stages};
use lapicque_schemas::tables::lead_field::{self, LeadFieldRow};
use lapicque_schemas::tables::signals::{self, Signal};
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/head_models/");

fn moment<'a>(channel: &'a str, epoch: i32, unit: &'a str, values: &'a [f64]) -> Signal<'a> {
    Signal { channel: channel.into(), epoch, t0_ms: 5.0, dt_ms: 0.5, unit: unit.into(), values: Cow::Borrowed(values) }
}

fn given(moments: &[Signal<'_>]) -> Given {
    Given::samples("given.signals", "signals", vec![signals::write(moments).unwrap()])
}

fn stages(config: Value) -> Value {
    let mut head = json!({"kind": "potential.head", "inputs": {"signals": "dipoles"}});
    head.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"dipoles": {"kind": "given.signals"}, "head": head})
}

fn lead_field_of(mut config: Value) -> Vec<LeadFieldRow> {
    config["kind"] = json!("potential.lead_field");
    lead_field::read(&run_stages(&[], &json!({"field": config})).result()).unwrap()
}

#[test]
fn the_default_is_one_occipital_dipole_seen_at_o1() {
    let table = run_stages(&[given(&[moment("dipole_z", 3, "nA um", &[1.0, -2.0, 0.0])])], &stages(json!({}))).result();
    let eeg = signals::read(&table).unwrap();
    assert_eq!(eeg.len(), 1);
    assert_eq!((eeg[0].channel.as_ref(), eeg[0].epoch, eeg[0].unit.as_ref()), ("O1", 3, "mV"));
    assert_eq!((eeg[0].t0_ms, eeg[0].dt_ms), (5.0, 0.5));
    let gain = eeg[0].values[0];
    // An electrode right above the dipole would see 1.0625e-9.
    assert!(gain > 1e-10 && gain < 1.06e-9, "{gain:e}");
    assert_eq!(*eeg[0].values, [gain, -2.0 * gain, 0.0]);
    let rows = lead_field_of(json!({}));
    assert_eq!((rows.len(), rows[0].electrode.as_str(), rows[0].dipole.as_str()), (1, "O1", "occipital"));
    let place = [-24.7, -103.3, -1.46f64];
    let length = place.iter().map(|x| x * x).sum::<f64>().sqrt();
    let along: f64 = rows[0].mv_per_na_um.iter().zip(place).map(|(m, x)| m * x / length).sum();
    assert!((along - gain).abs() < 1e-12 * gain.abs());
}

#[test]
fn potentials_of_several_dipoles_add_up_epoch_by_epoch() {
    let config = |dipoles: Value| stages(json!({"dipoles": dipoles, "electrodes": "all"}));
    let run = |moments: &[Signal<'_>], dipoles: Value| {
        let table = run_stages(&[given(moments)], &config(dipoles)).result();
        signals::read(&table)
            .unwrap()
            .into_iter()
            .map(|s| (s.channel.into_owned(), s.epoch, s.values.into_owned()))
            .collect::<Vec<_>>()
    };
    let (a, b) = ([1.0, 2.0], [-3.0, 5.0]);
    // Channels find their dipoles by name, and units are converted.
    let both = run(
        &[
            moment("Cz", 1, "nA mm", &[-0.003, 0.005]),
            moment("motor", 1, "nA um", &a),
            moment("motor", 0, "nA um", &b),
            moment("Cz", 0, "pA m", &[1e-3, 2e-3]),
        ],
        json!(["motor", "Cz"]),
    );
    let motor = run(&[moment("x", 0, "nA um", &a)], json!(["motor"]));
    let cz = run(&[moment("x", 0, "nA um", &b)], json!(["Cz"]));
    assert_eq!((both.len(), both[0].1, both[20].1, both[0].0.as_str()), (40, 1, 0, "Fp1"));
    for i in 0..20 {
        for t in 0..2 {
            let sum = motor[i].2[t] + cz[i].2[t];
            assert!((both[i].2[t] - sum).abs() < 1e-12 * (motor[i].2[t].abs() + cz[i].2[t].abs()));
        }
    }
}

/// The lead field of the peer for its own dipole and electrode positions (um).
#[test]
fn places_given_by_coordinates_equal_the_peer() {
    for (file, model, tolerance) in [
        ("four_sphere_leadfield_tight.csv", "four_sphere", 1e-7),
        ("infinite_homogeneous_eeg_leadfield.csv", "infinite", 1e-12),
    ] {
        let text = std::fs::read_to_string(format!("{GOLDEN}{file}")).unwrap();
        let rows: Vec<Vec<f64>> =
            text.lines().skip(1).map(|line| line.split(',').map(|number| number.parse().unwrap()).collect()).collect();
        assert!(rows.len() > 20);
        for row in rows.iter().step_by(7) {
            let place = |start: usize| json!([0, 1, 2].map(|i| format!("{} um", row[start + i])));
            let ours = lead_field_of(json!({
                "model": model, "dipoles": [{"position": place(0)}], "electrodes": [{"name": "A", "position": place(3)}],
            }));
            assert_eq!((ours.len(), ours[0].electrode.as_str(), ours[0].dipole.as_str()), (1, "A", "dipole_1"));
            let largest = row[6..9].iter().fold(0.0, |m: f64, r| m.max(r.abs()));
            for (ours, peer) in ours[0].mv_per_na_um.iter().zip(&row[6..9]) {
                assert!((ours - peer).abs() <= tolerance * largest, "{file}: {ours:e} {peer:e}");
            }
        }
    }
}

fn imported(unit: Option<&str>) -> Given {
    let row = |electrode: &str, dipole: &str, mv_per_na_um| LeadFieldRow {
        electrode: electrode.into(),
        dipole: dipole.into(),
        mv_per_na_um,
    };
    let rows = [row("e1", "V1", [1.0, 2.0, 3.0]), row("e2", "V1", [0.0, 0.0, -1.0]), row("e1", "M1", [5.0, 0.0, 0.0])];
    let table = lead_field::write(&rows).unwrap();
    let Some(unit) = unit else {
        return Given::whole("given.lead_field", "lead_field", table);
    };
    let fields: Vec<arrow_schema::Field> = table
        .schema()
        .fields()
        .iter()
        .map(|f| match f.name().starts_with('m') {
            true => f.as_ref().clone().with_metadata([("unit".to_owned(), unit.to_owned())].into()),
            false => f.as_ref().clone(),
        })
        .collect();
    let table = arrow_array::RecordBatch::try_new(
        std::sync::Arc::new(arrow_schema::Schema::new(fields)),
        table.columns().to_vec(),
    );
    Given::whole("given.lead_field", "lead_field", table.unwrap())
}

fn with_table(config: Value) -> Value {
    let mut stages = stages(config);
    stages["field"] = json!({"kind": "given.lead_field"});
    stages["head"]["inputs"]["lead_field"] = json!("field");
    stages["head"]["model"] = json!("lead_field");
    stages
}

#[test]
fn a_lead_field_may_come_from_a_table() {
    let moments = given(&[moment("dipole_z", 0, "nA um", &[2.0])]);
    let v1 = json!({"dipoles": [{"name": "V1", "orientation": [0, 0, 10]}]});
    let ran = run_stages(&[moments.clone(), imported(None)], &with_table(v1.clone()));
    let table = ran.table("head", 0);
    let eeg: Vec<(String, f64)> =
        signals::read(&table).unwrap().iter().map(|s| (s.channel.to_string(), s.values[0])).collect();
    assert_eq!(eeg, [("e1".to_owned(), 6.0), ("e2".to_owned(), -2.0)]);
    let ran = run_stages(&[moments.clone(), imported(Some("uV/(nA um)"))], &with_table(v1.clone()));
    assert_eq!(signals::read(&ran.table("head", 0)).unwrap()[0].values[0], 0.006);
    let ran = run_stages(
        &[moments.clone(), imported(None)],
        &with_table(json!({"dipoles": [{"name": "M1", "orientation": [1, 0, 0]}]})),
    );
    assert!(
        !ran.record.ok && ran.failures().contains("no row of dipole `M1` and electrode `e2`"),
        "{}",
        ran.failures()
    );
    let told = problems(&[moments.clone(), imported(Some("mV"))], &with_table(v1.clone()));
    assert!(told.contains("column `mx`"), "{told}");
    let told =
        problems(&[moments.clone(), imported(None)], &with_table(json!({"dipoles": ["V1"], "electrodes": "nearest"})));
    assert!(told.contains("orientation: [0, 0, 1]") && told.contains("no positions"), "{told}");
    let mut without = stages(json!({"model": "lead_field"}));
    assert!(problems(std::slice::from_ref(&moments), &without).contains("needs the input `lead_field`"));
    without = with_table(json!({}));
    without["head"]["model"] = json!("infinite");
    assert!(problems(&[moments, imported(None)], &without).contains("only `model: lead_field`"));
}

#[test]
fn no_signals_are_a_result() {
    assert_eq!(run_stages(&[given(&[])], &stages(json!({}))).table("head", 0).num_rows(), 0);
}

#[test]
fn what_does_not_fit_is_named() {
    let fails = |moments: &[Signal<'_>], config: Value| {
        let ran = run_stages(&[given(moments)], &stages(config));
        assert!(!ran.record.ok);
        ran.failures()
    };
    let one = [1.0];
    let message = fails(&[moment("lfp_0um", 0, "mV", &one)], json!({}));
    assert!(message.contains("channel lfp_0um") && message.contains("nA um"), "{message}");
    let message = fails(&[moment("a", 0, "nA um", &one), moment("b", 0, "nA um", &one)], json!({}));
    assert!(message.contains("one dipole (occipital) for 2 channels (a, b)"), "{message}");
    let message =
        fails(&[moment("a", 0, "nA um", &one), moment("Cz", 0, "nA um", &one)], json!({"dipoles": ["Cz", "Pz"]}));
    assert!(message.contains("dipoles are Cz, Pz, channels are a, Cz"), "{message}");
    let message = fails(
        &[moment("Pz", 0, "nA um", &[1.0, 2.0]), moment("Cz", 0, "nA um", &one)],
        json!({"dipoles": ["Cz", "Pz"]}),
    );
    assert!(message.contains("differ in time"), "{message}");
}

#[test]
fn all_problems_of_a_configuration_are_told() {
    let told = |config: Value| problems(&[given(&[])], &stages(config));
    let text = told(
        json!({"dipoles": ["ocipital", {"orientation": [1, 0, 0]}], "electrodes": ["Oz", "o1", "Oz"], "conductivity": "0.2 S/m"}),
    );
    for part in [
        "did you mean `occipital`?",
        "a `position` is due",
        "did you mean `O1`?",
        "`Oz` is named twice",
        "conductivity",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = told(json!({"dipoles": [{"position": ["0 mm", "0 mm", "79.5 mm"]}]}));
    assert!(text.contains("head.dipoles.0") && text.contains("inside the brain"), "{text}");
    assert!(told(json!({"dipoles": [{"positon": ["0 mm", "0 mm", "1 mm"]}]})).contains("did you mean `position`?"));
    assert!(told(json!({"dipoles": [{"position": [0, 0, 1]}]})).contains("has no unit"));
    assert!(
        told(json!({"dipoles": [{"position": ["0 mm", "0 mm", "1 mm"], "orientation": [0, 0, 0]}]}))
            .contains("orientation")
    );
    assert!(told(json!({"electrodes": "nearset"})).contains("did you mean `nearest`?"));
    assert!(told(json!({"dipoles": []})).contains("no dipole"));
    assert!(
        problems(&[], &json!({"f": {"kind": "potential.lead_field", "model": "lead_field"}}))
            .contains("computes nothing")
    );
    let canonical = |config: Value| bind(&[given(&[])], &stages(config)).unwrap().1.stages[1].bound().config.clone();
    assert_eq!(canonical(json!({"model": "four_sphere", "dipoles": ["occipital"]})), json!({}));
    let placed = json!({"dipoles": [{"position": ["0 mm", "0 mm", "78 mm"]}], "electrodes": "all"});
    assert_eq!(
        canonical(placed),
        json!({"dipoles": [{"position": ["0 um", "0 um", "78000 um"]}], "electrodes": "all"})
    );
}
