//! Stimuli as they stand in configurations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::random::StreamKey;
use lapicque_stages::stimulus_config::StimulusConfig;
use lapicque_stimulus::{Evaluator, Grid, Part, Rate, Reading, Shape, Stimulus, Timing, Waveform};
use lapicque_units::Unit;
use serde_json::{Value, json};

fn parsed(config: &Value) -> Result<Stimulus, String> {
    let config: StimulusConfig = serde_json::from_value(config.clone()).map_err(|error| error.to_string())?;
    // What is written to a key is read back as what it was.
    let again: StimulusConfig = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
    assert_eq!(again, config);
    let unit = Unit::parse("mV/ms").unwrap();
    config.stimulus(&unit, "stimulus").map_err(|error| format!("{}: {}", error.field, error.message))
}

#[test]
fn each_form_is_the_stimulus_that_it_says() {
    let plain = |waveform: Waveform| Stimulus::from(waveform);
    let from = |waveform, start_ms, end_ms| Stimulus { waveform, start_ms, end_ms };
    let step = |amplitude| Waveform::Step { amplitude };
    let equal = |amplitude| Part { stimulus: plain(step(amplitude)), ratio: 1.0 };
    let sinusoid = Waveform::Sinusoid { amplitude: 0.1, frequency_hz: 10.0, phase_rad: 0.0, offset: 0.0 };
    let square = Waveform::Square { amplitude: 1.0, frequency_hz: 2000.0, duty: 0.5, offset: 0.5 };
    let cases = [
        (json!({"zero": {}}), plain(Waveform::Zero)),
        (json!({"step": {"amplitude": 2}}), plain(step(2.0))),
        (json!({"step": {"amplitude": "2 V/s", "end": "1 s"}}), from(step(2.0), 0.0, Some(1000.0))),
        (json!({"sinusoid": {"amplitude": 0.1, "frequency": "10 Hz", "start": "1 s"}}), from(sinusoid, 1000.0, None)),
        (json!({"square": {"amplitude": 1, "frequency": "2 kHz", "offset": "0.5 mV/ms"}}), plain(square)),
        (json!({"ramp": {"amplitude": 1, "length": "5 ms"}}), plain(Waveform::Ramp { amplitude: 1.0, length_ms: 5.0 })),
        (
            json!({"exponential": {"amplitude": 1, "shape": "rise", "time_constant": "5 ms"}}),
            plain(Waveform::Exponential { amplitude: 1.0, shape: Shape::Rise, rate: Rate::TimeConstant(5.0) }),
        ),
        (
            json!({"exponential": {"amplitude": 1, "shape": "decay", "coefficient": 30}}),
            plain(Waveform::Exponential { amplitude: 1.0, shape: Shape::Decay, rate: Rate::PerStretch(30.0) }),
        ),
        (json!({"rectified": {"amplitude": 1}}), plain(Waveform::Rectified { amplitude: 1.0 })),
        (
            json!({"pulses": {"amplitude": 1, "period": "10 ms", "width": "1 ms", "count": 3}}),
            plain(Waveform::Pulses { amplitude: 1.0, period_ms: 10.0, width_ms: 1.0, count: Some(3) }),
        ),
        (json!({"wiener": {}}), plain(Waveform::Wiener { sigma: 1.0 })),
        (json!({"white_noise": {"sigma": 2}}), plain(Waveform::WhiteNoise { sigma: 2.0 })),
        (
            json!({"ornstein_uhlenbeck": {"mean": 1, "sigma": 0.5, "time_constant": "8 ms"}}),
            plain(Waveform::OrnsteinUhlenbeck { mean: 1.0, sigma: 0.5, time_constant_ms: 8.0 }),
        ),
        (
            json!({"ornstein_uhlenbeck": {"standard_deviation": "1 mV/ms", "time_constant": "8 ms"}}),
            plain(Waveform::OrnsteinUhlenbeck { mean: 0.0, sigma: 0.5, time_constant_ms: 8.0 }),
        ),
        (
            json!({"table": {"values": [1, 2.5], "dt": "1 s", "reading": "linear"}}),
            plain(Waveform::Table { values: vec![1.0, 2.5], dt_ms: 1000.0, reading: Reading::Linear }),
        ),
        (
            json!({"sum": [{"step": {"amplitude": 1}}, {"step": {"amplitude": 2, "start": "3 ms"}}]}),
            plain(Waveform::Sum(vec![plain(step(1.0)), from(step(2.0), 3.0, None)])),
        ),
        (
            json!({"sequence": [{"step": {"amplitude": 1}}, {"step": {"amplitude": 2}}]}),
            plain(Waveform::Sequence(vec![equal(1.0), equal(2.0)])),
        ),
        (
            json!({"sequence": {"parts": [{"step": {"amplitude": 1}}, {"step": {"amplitude": 2}}], "ratios": [1, 3], "start": "1 ms"}}),
            from(Waveform::Sequence(vec![equal(1.0), Part { ratio: 3.0, ..equal(2.0) }]), 1.0, None),
        ),
    ];
    for (config, due) in &cases {
        assert_eq!(parsed(config).as_ref(), Ok(due), "{config}");
        let grid = Grid { dt_ms: 0.1, duration_ms: 2000.0, timing: Timing::Exact };
        Evaluator::new(due, grid, &StreamKey::new([0; 16])).unwrap();
    }
}

#[test]
fn mistakes_name_their_field() {
    let cases = [
        (json!({"stp": {"amplitude": 1}}), "unknown variant `stp`"),
        (json!({"step": {"amplitud": 1}}), "unknown field `amplitud`"),
        (json!({"step": {}}), "missing field `amplitude`"),
        (json!({"step": {"amplitude": "2 nA"}}), "stimulus.step.amplitude"),
        (json!({"step": {"amplitude": [2]}}), "a number in `mV/ms`"),
        (json!({"sinusoid": {"amplitude": 1, "frequency": "10 ms"}}), "frequency"),
        (json!({"sinusoid": {"amplitude": 1, "frequency": 10}}), "no unit"),
        (json!({"exponential": {"amplitude": 1, "shape": "rise"}}), "either `time_constant` or `coefficient`"),
        (
            json!({"exponential": {"amplitude": 1, "shape": "rise", "time_constant": "1 ms", "coefficient": 3}}),
            "either `time_constant` or `coefficient`",
        ),
        (json!({"ornstein_uhlenbeck": {"time_constant": "1 ms"}}), "either `sigma` or `standard_deviation`"),
        (json!({"sum": {"parts": [], "ratios": [1]}}), "stimulus.sum.ratios"),
        (json!({"sequence": {"parts": [{"zero": {}}], "ratios": [1, 2]}}), "2 ratios of 1 parts"),
        (json!({"sequence": [{"step": {"amplitude": "1 s"}}]}), "stimulus.sequence.0.step.amplitude"),
        (json!({"sum": 3}), "a list of stimuli"),
        (json!({"zero": {}, "step": {"amplitude": 1}}), "single key"),
    ];
    for (config, due) in &cases {
        let found = parsed(config).unwrap_err();
        assert!(found.contains(due), "{due}: {found}");
    }
}

#[test]
fn its_schema_names_all_waveforms() {
    let schema = schemars::schema_for!(StimulusConfig).to_value().to_string();
    for name in ["\"ornstein_uhlenbeck\"", "\"sequence\"", "\"ratios\"", "\"zero\"", "\"white_noise\""] {
        assert!(schema.contains(name), "{name}: {schema}");
    }
}
