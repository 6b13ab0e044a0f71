//! A conditional that is known in closed form is found by each density.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_density::{ConditionalDensity, DensityKind, MixtureDensityNetwork, Training, Watch, train_density};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

/// Two correlated values: v0 ~ N(0, 1) and v1 = v0 / 2 + N(0, 1), seen through x = v + noise of sd 0.5.
#[test]
fn mdn() {
    let rows = 4000;
    let mut generator = key(1).stream("rows", 0);
    let mut values = Array2::zeros((rows, 2));
    let mut contexts = Array2::zeros((rows, 2));
    for row in 0..rows {
        values[[row, 0]] = generator.normal();
        values[[row, 1]] = 0.5 * values[[row, 0]] + generator.normal();
        for column in 0..2 {
            contexts[[row, column]] = values[[row, column]] + 0.5 * generator.normal();
        }
    }
    let kind = DensityKind::Mdn(MixtureDensityNetwork { components: 2, ..Default::default() });
    let trained =
        train_density(&kind, &Training::default(), values.view(), contexts.view(), key(2), Watch::nobody()).unwrap();
    println!("{:?}", trained.losses.last());
    let draws = trained.density.draw(&[1.0, -0.5], 5000, &mut key(3).stream("draws", 0));
    // Precision of the prior [[1.25, -0.5], [-0.5, 1]] plus 4 on the diagonal; mean = its inverse times 4 x.
    let (a, b, d) = (5.25, -0.5, 5.0);
    let det = a * d - b * b;
    let right = [(d * 4.0 + b * 2.0) / det, (-b * 4.0 - a * 2.0) / det];
    let mean = draws.mean_axis(ndarray::Axis(0)).unwrap();
    println!("{mean} {right:?}");
    for column in 0..2 {
        assert!((mean[column] - right[column]).abs() < 0.06);
    }
}
