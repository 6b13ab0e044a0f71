//! A file of a posterior with any bytes changed is refused, or draws within its prior: it never panics and never runs for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use lapicque_density::{DensityKind, MaskedAutoregressiveFlow, MixtureDensityNetwork, NeuralSplineFlow, Training};
use lapicque_inverse::estimators::{Abc, Nle, Npe};
use lapicque_inverse::posterior::Chains;
use lapicque_inverse::{AnyEstimator, FitContext, Model, Preparation, Prior, Space, Target, TrainingData, train};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;
use proptest::prelude::*;

fn model_files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let features = Array2::from_shape_fn((40, 2), |(r, c)| ((r * (c + 2)) as f64 * 0.9).sin());
        let targets = Array2::from_shape_fn((40, 2), |(r, t)| features[[r, t]] + (r as f64).cos());
        let target = |name: &str, prior| Target { name: name.to_owned(), unit: None, prior };
        let table = Prior::Tabulated { edges: vec![-3.0, 0.0, 3.0], weights: vec![1.0, 2.0] };
        let columns = vec![target("x", Some(table)), target("y", None)];
        let names = ["a", "b"].map(str::to_owned).to_vec();
        let data = TrainingData::new(features, names, targets, columns, (0..40).collect()).unwrap();
        let training = Training { max_epochs: 2, members: 2, ..as_sbi() };
        let maf = DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 2, hidden: 3, blocks: 1 });
        let nsf = NeuralSplineFlow { transforms: 1, hidden: 3, blocks: 1, bins: 3, ..NeuralSplineFlow::default() };
        let mdn = DensityKind::Mdn(MixtureDensityNetwork { components: 2, hidden: vec![3] });
        let estimators: [AnyEstimator; 4] = [
            Npe { density: DensityKind::Nsf(nsf), training: training.clone(), ..Npe::default() }.into(),
            Npe { density: maf, training: training.clone(), space: Space::Raw }.into(),
            Nle { density: mdn, training, chains: Chains { count: 4, warm_up: 3, thinning: 1 } }.into(),
            Abc { least: 10, ..Abc::default() }.into(),
        ];
        let context = FitContext::unwatched(StreamKey::new([7; 16]));
        let file = |estimator: AnyEstimator| {
            train(&data, &estimator, &Preparation::standardized(), "v1", &context).unwrap().to_json().unwrap()
        };
        estimators.map(file).to_vec()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_is_refused_or_harmless(
        file in 0..4usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        const SYMBOLS: &[u8] = b"0123456789-.e,[]";
        let mut bytes = model_files()[file].clone().into_bytes();
        for (place, symbol) in edits {
            let place = place.index(bytes.len());
            bytes[place] = SYMBOLS[symbol as usize % SYMBOLS.len()];
        }
        if let Ok(text) = std::str::from_utf8(&bytes)
            && let Ok(model) = Model::from_json(text)
        {
            let posterior = model.fitted.posterior().unwrap();
            for row in [[0.3, -0.2], [50.0, 1e6]] {
                if let Ok(draws) = posterior.draw(&row, 20, StreamKey::new([1; 16])) {
                    let within = |draw: ndarray::ArrayView1<'_, f64>| posterior.prior().contains(&draw.to_vec());
                    prop_assert!(file == 3 || draws.values.rows().into_iter().all(within), "{:?}", draws.values);
                }
            }
        }
    }
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
