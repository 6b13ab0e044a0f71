#![allow(clippy::unwrap_used)]
use super::*;

const RATE: f64 = 500.0;
const BANDS: [Band; 4] =
    [Band::LowPass(40.0), Band::HighPass(2.0), Band::BandPass(8.0, 13.0), Band::BandStop(45.0, 55.0)];

/// Frequency of the low-pass prototype that a frequency is mapped to.
fn of_prototype(band: Band, frequency_hz: f64) -> f64 {
    let warped = |f: f64| (PI * f / RATE).tan();
    let s = warped(frequency_hz);
    match band {
        Band::LowPass(edge) => s / warped(edge),
        Band::HighPass(edge) => warped(edge) / s,
        Band::BandPass(low, high) => {
            let (low, high) = (warped(low), warped(high));
            ((s * s - low * high) / ((high - low) * s)).abs()
        }
        Band::BandStop(low, high) => {
            let (low, high) = (warped(low), warped(high));
            ((high - low) * s / (s * s - low * high)).abs()
        }
    }
}

/// cos(n acos(x)), beyond 1 as well.
fn chebyshev(n: u32, x: f64) -> f64 {
    let n = f64::from(n);
    if x.abs() <= 1.0 { (n * x.acos()).cos() } else { (n * x.acosh()).cosh() }
}

#[test]
fn gains_are_those_of_the_definitions() {
    for band in BANDS {
        for order in 1..=MOST_ORDER {
            for frequency_hz in [0.7, 1.9, 5.0, 7.9, 9.1, 12.0, 20.0, 39.0, 44.0, 47.0, 53.0, 80.0, 200.0] {
                let w = of_prototype(band, frequency_hz);
                let epsilon_square = |db: f64| 10_f64.powf(0.1 * db) - 1.0;
                let cases = [
                    (Prototype::Butterworth, 1.0 / (1.0 + w.powi(2 * order as i32))),
                    (
                        Prototype::Chebyshev1 { ripple_db: 1.0 },
                        1.0 / (1.0 + epsilon_square(1.0) * chebyshev(order, w).powi(2)),
                    ),
                    (
                        Prototype::Chebyshev2 { attenuation_db: 30.0 },
                        1.0 / (1.0 + epsilon_square(30.0) / chebyshev(order, 1.0 / w).powi(2)),
                    ),
                ];
                for (prototype, expected) in cases {
                    let filter = design(prototype, order, band, RATE).unwrap();
                    let got = filter.response(frequency_hz, RATE).norm_sqr();
                    // High orders near 0 Hz are what rounding errors grow in, and no more than this.
                    let what = format!("{prototype:?}, order {order}, {band:?} at {frequency_hz} Hz");
                    assert!((got - expected).abs() < 1e-6, "{what}: {got} != {expected}");
                    assert!(order > 8 || (got - expected).abs() < 1e-9, "{what}: {got} != {expected}");
                }
            }
        }
    }
}

#[test]
fn filters_are_stable() {
    for band in BANDS {
        for order in 1..=MOST_ORDER {
            for prototype in [Prototype::Butterworth, Prototype::Chebyshev1 { ripple_db: 0.1 }] {
                let filter = design(prototype, order, band, RATE).unwrap();
                let poles = if matches!(band, Band::LowPass(_) | Band::HighPass(_)) { order } else { 2 * order };
                assert_eq!(filter.sections.len(), poles.div_ceil(2) as usize);
                for Section { a: [a1, a2], .. } in &filter.sections {
                    assert!(a2.abs() < 1.0 && a1.abs() < 1.0 + a2, "{band:?} {order}: {a1} {a2}");
                }
            }
        }
    }
}

#[test]
fn a_notch_takes_its_frequency_and_halves_the_power_at_its_width() {
    let filter = Sections { gain: 1.0, sections: vec![notch(50.0, 2.0, RATE).unwrap()] };
    let power = |frequency_hz| filter.response(frequency_hz, RATE).norm_sqr();
    assert!(power(50.0) < 1e-20);
    assert!((power(0.0) - 1.0).abs() < 1e-12 && (power(250.0) - 1.0).abs() < 1e-12);
    // The middle of the two is shifted a little by the bilinear transform.
    assert!((power(49.0) - 0.5).abs() < 0.02 && (power(51.0) - 0.5).abs() < 0.02);
}

#[test]
fn what_cannot_be_designed_is_told() {
    let of = |prototype, order, band| design(prototype, order, band, RATE).unwrap_err().to_string();
    let butterworth = Prototype::Butterworth;
    assert_eq!(of(butterworth, 0, Band::LowPass(40.0)), "the order is 0; it must be from 1 to 24");
    assert_eq!(of(butterworth, 25, Band::LowPass(40.0)), "the order is 25; it must be from 1 to 24");
    for frequency in [0.0, -1.0, 250.0, 300.0, f64::NAN] {
        let message = of(butterworth, 4, Band::LowPass(frequency));
        assert!(message.contains("below half the rate, 250 Hz"), "{message}");
    }
    assert!(of(butterworth, 4, Band::BandPass(13.0, 8.0)).contains("from 13 to 8 Hz is empty"));
    assert!(of(butterworth, 4, Band::BandStop(8.0, 8.0)).contains("is empty"));
    for db in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(of(Prototype::Chebyshev1 { ripple_db: db }, 4, Band::LowPass(40.0)).contains("above 0 dB"));
    }
    assert_eq!(design(butterworth, 4, Band::LowPass(40.0), 0.0), Err(FilterError::Rate(0.0)));
    assert_eq!(notch(50.0, 0.0, RATE), Err(FilterError::Width(0.0)));
    assert_eq!(notch(250.0, 1.0, RATE), Err(FilterError::Frequency { frequency_hz: 250.0, rate_hz: RATE }));
}
