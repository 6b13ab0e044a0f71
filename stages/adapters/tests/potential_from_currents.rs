//! `potential.from_currents` by hand, on cells of `simulate.equations`, and its messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use given::{Given, Ran, problems, run_stages};
use lapicque_potential::sources::{Segment, SourceShape, potential_per_current};
use lapicque_schemas::tables::segments::{self, SegmentRow};
use lapicque_schemas::tables::signals::{self, Signal};
use serde_json::{Value, json};

fn row(channel: &str, neuron: u32, z: f64) -> SegmentRow {
    let (start_um, end_um) = ([0.0, 0.0, z], [0.0, 0.0, z + 100.0]);
    SegmentRow { channel: channel.to_owned(), neuron, start_um, end_um, diameter_um: 2.0 }
}

fn current<'a>(channel: &'a str, unit: &'a str, values: &'a [f64]) -> Signal<'a> {
    Signal { channel: channel.into(), epoch: 0, t0_ms: 1.0, dt_ms: 0.5, unit: unit.into(), values: values.into() }
}

fn ran(currents: &[Signal<'_>], rows: &[SegmentRow], config: Value) -> Ran {
    let currents = Given::samples("given.currents", "signals", vec![signals::write(currents).unwrap()]);
    let segments = Given::samples("given.segments", "segments", vec![segments::write(rows).unwrap()]);
    run_stages(&[currents, segments], &stages(config))
}

fn stages(config: Value) -> Value {
    let mut stage =
        json!({"kind": "potential.from_currents", "inputs": {"currents": "currents", "segments": "segments"}});
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"currents": {"kind": "given.currents"}, "segments": {"kind": "given.segments"}, "found": stage})
}

/// Names, units and values of an output.
fn output(ran: &Ran, number: usize) -> Vec<(String, String, Vec<f64>)> {
    let table = ran.table("found", number);
    let read = signals::read(&table).unwrap();
    assert!(read.iter().all(|signal| (signal.t0_ms, signal.dt_ms, signal.epoch) == (1.0, 0.5, 0)));
    read.into_iter().map(|s| (s.channel.to_string(), s.unit.to_string(), s.values.to_vec())).collect()
}

#[test]
fn potentials_and_moments_are_sums_over_segments_at_their_places() {
    let currents = [
        current("c.0", "nA", &[1.0, -0.5]),
        current("other", "mV", &[7.0]),
        current("c.1", "pA", &[-1000.0, 500.0]),
        current("c.2", "nA", &[0.0, 0.0]),
    ];
    let rows = [row("c.0", 0, 0.0), row("c.1", 0, 300.0), row("c.2", 1, 0.0)];
    let config = json!({
        "electrodes": [{"name": "A", "position": ["30 um", "0 um", "50 um"]}],
        "positions": [["10 um", "0 um", "0 um"], ["1 mm", "0 um", "0 um"]],
        "conductivity": "0.25 S/m",
    });
    let ran = ran(&currents, &rows, config);
    assert_eq!(ran.notes(), "");
    let moved = |z: f64| Segment { start_um: [10.0, 0.0, z], end_um: [10.0, 0.0, z + 100.0], diameter_um: 2.0 };
    let gain = |z| potential_per_current(&moved(z), SourceShape::Line, [30.0, 0.0, 50.0], 0.25).unwrap();
    let found = output(&ran, 0);
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("A", "mV"));
    for (found, current) in found[0].2.iter().zip([1.0, -0.5]) {
        let expected = current * (gain(0.0) - gain(300.0));
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }
    let moments = output(&ran, 1);
    let names: Vec<&str> = moments.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["dipole_x", "dipole_y", "dipole_z"]);
    assert!(moments.iter().all(|(_, unit, _)| unit == "nA um"));
    assert_eq!(moments[2].2, [-300.0, 150.0]);
    assert_eq!(moments[0].2, [0.0, 0.0]);
}

#[test]
fn currents_that_do_not_add_up_are_noted() {
    let ran = ran(&[current("c.0", "nA", &[1.0])], &[row("c.0", 3, 0.0)], json!({}));
    assert!(ran.notes().contains("the currents of neuron 3 do not add up to 0"), "{}", ran.notes());
    assert!(output(&ran, 0).is_empty());
    assert_eq!(output(&ran, 1)[2].2, [50.0]);
}

#[test]
fn what_does_not_fit_fails_with_its_reason() {
    let two = [row("c.0", 0, 0.0), row("c.1", 1, 300.0)];
    let good = [current("c.0", "nA", &[1.0, 2.0]), current("c.1", "nA", &[1.0, 2.0])];
    let told = |currents: &[Signal<'_>], rows: &[SegmentRow], config: Value| {
        let ran = ran(currents, rows, config);
        assert!(!ran.record.ok);
        ran.failures()
    };
    assert!(told(&good[..1], &two, json!({})).contains("segment `c.1` has no current"));
    let volt = [current("c.0", "nA", &[1.0, 2.0]), current("c.1", "mV", &[1.0, 2.0])];
    assert!(told(&volt, &two, json!({})).contains("channel c.1"));
    let short = [current("c.0", "nA", &[1.0, 2.0]), current("c.1", "nA", &[1.0])];
    assert!(told(&short, &two, json!({})).contains("`c.0` and `c.1` have not the same times"));
    let thin = [two[0].clone(), SegmentRow { diameter_um: 0.0, ..two[1].clone() }];
    let electrodes = json!({"electrodes": [{"name": "A", "position": ["30 um", "0 um", "50 um"]}]});
    assert!(told(&good, &thin, electrodes).contains("diameter_um"));
    let three = [row("c.0", 0, 0.0), row("c.1", 2, 300.0)];
    let places = json!({"positions": [["0 um", "0 um", "0 um"], ["1 um", "0 um", "0 um"]]});
    assert!(told(&good, &three, places).contains("`positions` has 2 places for 3 neurons"));
}

#[test]
fn configurations_are_refused() {
    let told = |config: Value| {
        let empty = |kind, table: &str, batch| Given::samples(kind, table, vec![batch]);
        let given = [
            empty("given.currents", "signals", signals::write(&[]).unwrap()),
            empty("given.segments", "segments", segments::write(&[]).unwrap()),
        ];
        problems(&given, &stages(config))
    };
    assert!(told(json!({"conductivity": "0 S/m"})).contains("it must be above 0 S/m"));
    let place = ["0 um", "0 um", "0 um"];
    let twice = json!({"electrodes": [{"name": "A", "position": place}, {"name": "A", "position": place}]});
    assert!(told(twice).contains("two electrodes have the name `A`"));
    assert!(told(json!({"sources": "plane"})).contains("plane"));
}

#[test]
fn cells_of_equations_are_sources() {
    let model = json!({
        "time_step": "0.05*ms",
        "spatial_neurons": { "cell": {
            "size": 2,
            "morphology": { "sections": [
                { "name": "soma", "soma": { "diameter": "20*um" }, "direction": [0, 0, 1] },
                { "name": "dendrite", "parent": "soma", "direction": [0, 0, 1],
                  "cylinder": { "compartments": 10, "length": "500*um", "diameter": "2*um" } },
            ] },
            "capacitance": "1*uF/cm**2",
            "resistivity": "150*ohm*cm",
            "equations": "Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/metre**2\nIsyn = g*(0*mV - v) : amp (point current)\ndg/dt = -g/(3*ms) : siemens",
            // An excitatory synapse at the tip of the second cell.
            "initial": { "v": "-70*mV", "g": { "at": [21], "value": "2*nS" } },
        } },
        "monitors": { "state": { "I": { "of": "cell", "variables": ["membrane_current"] } } },
        "duration": "5*ms",
    });
    let ran = run_stages(
        &[],
        &json!({
            "cells": {"kind": "simulate.equations", "model": model},
            "found": {
                "kind": "potential.from_currents",
                "inputs": {"currents": "cells.state", "segments": "cells.segments"},
                "electrodes": [
                    {"name": "tip", "position": ["1 mm", "20 um", "490 um"]},
                    {"name": "soma", "position": ["1 mm", "20 um", "0 um"]},
                ],
                "positions": [["0 um", "0 um", "0 um"], ["1 mm", "0 um", "0 um"]],
            },
        }),
    );
    assert!(ran.record.ok, "{}", ran.failures());
    assert_eq!(ran.notes(), "");
    let read = |number: usize| {
        let table = ran.table("found", number);
        let signals = signals::read(&table).unwrap();
        signals.into_iter().map(|s| s.values.to_vec()).collect::<Vec<_>>()
    };
    let (potentials, moments) = (read(0), read(1));
    // Current flows into the tip and out of the soma, so that the moment points down and the tip is negative.
    let at = 20;
    assert!(potentials[0][at] < -1e-4 && potentials[1][at] > 0.0, "{} {}", potentials[0][at], potentials[1][at]);
    assert!(moments[2][at] < -1.0 && moments[0][at].abs() < 1e-9 * moments[2][at].abs(), "{:?}", moments[2][at]);
}
