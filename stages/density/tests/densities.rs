//! What every density promises, whatever was learned: it is normalized, draws follow it, and the same numbers come of it again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapicque_density::{
    ConditionalDensity, Density, DensityError, DensityKind, MaskedAutoregressiveFlow, MixtureDensityNetwork,
    NeuralSplineFlow, Trained, Training, Watch, train_density,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis, array};

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

fn kinds() -> [DensityKind; 3] {
    [
        DensityKind::Mdn(MixtureDensityNetwork { components: 4, hidden: vec![20] }),
        DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 3, hidden: 20, blocks: 1 }),
        DensityKind::Nsf(NeuralSplineFlow { affine: 1, transforms: 3, hidden: 20, blocks: 1, bins: 6, tail: 3.0 }),
    ]
}

fn brief() -> Training {
    Training { max_epochs: 20, learning_rate: 2e-3, members: 2, ..as_sbi() }
}

/// Bimodal values whose spread depends on the context.
fn rows(count: usize, values: usize) -> (Array2<f64>, Array2<f64>) {
    let mut generator = key(1).stream("rows", values as u64);
    let (mut v, mut x) = (Array2::zeros((count, values)), Array2::zeros((count, 2)));
    for row in 0..count {
        x[[row, 0]] = generator.normal();
        x[[row, 1]] = generator.uniform();
        let side = if generator.uniform() < 0.5 { -1.0 } else { 1.0 };
        for column in 0..values {
            let spread = 0.3 + 0.3 * x[[row, 1]];
            v[[row, column]] = 3.0 + side * (1.0 + column as f64) + spread * generator.normal() + 0.5 * x[[row, 0]];
        }
    }
    (v, x)
}

fn trained(kind: &DensityKind, training: &Training, values: usize, count: usize) -> Result<Trained, DensityError> {
    let (v, x) = rows(count, values);
    train_density(kind, training, v.view(), x.view(), key(2), Watch::nobody())
}

#[test]
fn densities_of_one_value_integrate_to_one() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 1, 600).unwrap().density;
        for context in [[0.0, 0.5], [1.5, 0.1]] {
            let step = 0.002;
            let values = Array2::from_shape_fn((20_000, 1), |(row, _)| -17.0 + step * (row as f64 + 0.5));
            let densities = density.log_density(values.view(), array![context].view());
            let mass: f64 = densities.iter().map(|density| density.exp() * step).sum();
            assert!((mass - 1.0).abs() < 1e-4, "{kind:?}: {mass}");
        }
    }
}

#[test]
fn densities_of_two_values_integrate_to_one() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 2, 600).unwrap().density;
        let step = 0.04;
        let place = |index: usize| -7.0 + step * (index as f64 + 0.5);
        let values = Array2::from_shape_fn((500 * 500, 2), |(row, column)| {
            place(if column == 0 { row / 500 } else { row % 500 })
        });
        let densities = density.log_density(values.view(), array![[0.3, 0.7]].view());
        let mass: f64 = densities.iter().map(|density| density.exp() * step * step).sum();
        assert!((mass - 1.0).abs() < 2e-3, "{kind:?}: {mass}");
    }
}

/// The distribution of draws against the integral of the density (Kolmogorov and Smirnov; 1.95 / sqrt(n) is passed by chance once in a thousand times).
#[test]
fn draws_of_one_value_follow_the_density() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 1, 600).unwrap().density;
        let context = [0.5, 0.9];
        let mut draws = density.draw(&context, 10_000, &mut key(3).stream("draws", 0)).column(0).to_vec();
        draws.sort_by(f64::total_cmp);
        let step = 0.001;
        let values = Array2::from_shape_fn((40_000, 1), |(row, _)| -17.0 + step * (row as f64 + 0.5));
        let densities = density.log_density(values.view(), array![context].view());
        let (mut mass, mut below, mut furthest) = (0.0, 0, 0.0f64);
        for (density, value) in densities.iter().zip(&values) {
            mass += density.exp() * step;
            while below < draws.len() && draws[below] <= value + step / 2.0 {
                below += 1;
            }
            furthest = furthest.max((mass - below as f64 / draws.len() as f64).abs());
        }
        assert!(furthest < 1.95 / 100.0, "{kind:?}: {furthest}");
    }
}

/// The mean of log q over draws is minus the entropy, and so is the integral of q log q; moments as well.
#[test]
fn draws_of_two_values_follow_the_density() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 2, 600).unwrap().density;
        let context = [-0.5, 0.2];
        let draws = density.draw(&context, 20_000, &mut key(4).stream("draws", 0));
        let of_draws = density.log_density(draws.view(), array![context].view());
        let mean = of_draws.iter().sum::<f64>() / of_draws.len() as f64;
        let step = 0.04;
        let place = |index: usize| -7.0 + step * (index as f64 + 0.5);
        let values = Array2::from_shape_fn((500 * 500, 2), |(row, column)| {
            place(if column == 0 { row / 500 } else { row % 500 })
        });
        let densities = density.log_density(values.view(), array![context].view());
        let (mut entropy, mut moments) = (0.0, [0.0; 5]);
        let powers = |v: [f64; 2]| [v[0], v[1], v[0] * v[0], v[0] * v[1], v[1] * v[1]];
        for (density, row) in densities.iter().zip(values.rows()) {
            let mass = density.exp() * step * step;
            entropy += mass * density;
            moments.iter_mut().zip(powers([row[0], row[1]])).for_each(|(sum, power)| *sum += mass * power);
        }
        assert!((entropy - mean).abs() < 0.03, "{kind:?}: {entropy} {mean}");
        let mut of_draws = [0.0; 5];
        for row in draws.rows() {
            of_draws.iter_mut().zip(powers([row[0], row[1]])).for_each(|(sum, power)| *sum += power / 20_000.0);
        }
        for (right, found) in moments.iter().zip(of_draws) {
            assert!((right - found).abs() < 0.03 * right.abs().max(2.0), "{kind:?}: {moments:?} {of_draws:?}");
        }
    }
}

#[test]
fn fewer_draws_are_the_first_of_more() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 3, 200).unwrap().density;
        let draw = |count: usize| density.draw(&[0.1, 0.2], count, &mut key(5).stream("draws", 0));
        let all = draw(1000);
        for count in [0, 1, 255, 999] {
            assert_eq!(draw(count), all.slice(ndarray::s![..count, ..]), "{kind:?}");
        }
    }
}

#[test]
fn a_row_of_context_goes_with_each_row_of_values_and_the_other_way_round() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 2, 200).unwrap().density;
        let (v, x) = rows(700, 2);
        let one = density.log_density(v.view(), x.slice(ndarray::s![..1, ..]));
        let repeated = Array2::from_shape_fn((700, 2), |(_, column)| x[[0, column]]);
        assert_eq!(one, density.log_density(v.view(), repeated.view()));
        let other = density.log_density(v.slice(ndarray::s![..1, ..]), x.view());
        let repeated = Array2::from_shape_fn((700, 2), |(_, column)| v[[0, column]]);
        assert_eq!(other, density.log_density(repeated.view(), x.view()));
    }
}

#[test]
fn what_is_not_finite_has_no_density_and_gives_no_draws() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 2, 200).unwrap().density;
        let values = array![[3.0, 3.0], [f64::NAN, 3.0], [3.0, f64::INFINITY], [1e200, 3.0], [3.0, -1e300]];
        let densities = density.log_density(values.view(), array![[0.0, 0.5]].view());
        assert!(densities[0].is_finite() && densities[1].is_nan() && densities[2].is_nan(), "{densities:?}");
        assert!(densities[3] < -1e100 && densities[4] < -1e100, "{kind:?}: {densities:?}");
        assert!(density.log_density(values.view(), array![[f64::NAN, 0.5]].view()).iter().all(|d| d.is_nan()));
        let (v, x) = rows(5, 2);
        for (v, x) in [(v.slice(ndarray::s![.., ..1]), x.view()), (v.view(), x.slice(ndarray::s![..3, ..]))] {
            let densities = density.log_density(v, x);
            assert!(densities.len() == 5 && densities.iter().all(|density| density.is_nan()));
        }
        assert!(density.log_density(Array2::zeros((0, 2)).view(), x.slice(ndarray::s![..1, ..])).is_empty());
        let mut generator = key(1).stream("draws", 0);
        assert!(density.draw(&[f64::INFINITY, 0.0], 3, &mut generator).iter().all(|value| value.is_nan()));
        assert!(density.draw(&[0.0], 3, &mut generator).iter().all(|value| value.is_nan()));
    }
}

#[test]
fn the_density_of_an_ensemble_is_the_mean_of_its_members() {
    for kind in kinds() {
        let both = trained(&kind, &brief(), 2, 200).unwrap().density;
        let member = |number: usize| {
            let arrays = both.arrays().into_iter().map(|mut array| {
                let width = array.shape[1];
                array.values = array.values[number * width..][..width].to_vec();
                array.shape[0] = 1;
                array
            });
            Density::of_arrays(&kind, 2, 2, arrays.collect()).unwrap()
        };
        let (v, x) = rows(50, 2);
        let of = |density: &Density| density.log_density(v.view(), x.view());
        for ((mean, first), second) in of(&both).iter().zip(of(&member(0))).zip(of(&member(1))) {
            assert!((mean - (0.5 * (first.exp() + second.exp())).ln()).abs() < 1e-10);
        }
    }
}

#[test]
fn threads_change_nothing() {
    for kind in kinds() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| trained(&kind, &brief(), 2, 150).unwrap())
        };
        assert_eq!(on(1), on(2));
    }
}

#[test]
fn what_is_restored_gives_the_same_bits() {
    for kind in kinds() {
        let density = trained(&kind, &brief(), 2, 150).unwrap().density;
        let mut arrays = density.arrays();
        arrays.reverse();
        let restored = Density::of_arrays(&kind, 2, 2, arrays).unwrap();
        assert_eq!(restored, density);
        let (v, x) = rows(30, 2);
        assert_eq!(restored.log_density(v.view(), x.view()), density.log_density(v.view(), x.view()));
    }
}

#[test]
fn arrays_that_are_not_those_of_a_density_are_refused() {
    let kind = kinds()[1].clone();
    let density = trained(&kind, &brief(), 2, 150).unwrap().density;
    let message = |change: &dyn Fn(&mut Vec<lapicque_density::Array>)| {
        let mut arrays = density.arrays();
        change(&mut arrays);
        Density::of_arrays(&kind, 2, 2, arrays).unwrap_err().to_string()
    };
    assert_eq!(message(&|arrays| drop(arrays.remove(0))), "`value_means` is missing");
    assert_eq!(message(&|arrays| arrays.push(arrays[0].clone())), "`value_means` is not known here");
    assert_eq!(message(&|arrays| arrays[1].values[2] = 0.0), "`value_scales` holds 0; scales must be above 0");
    assert_eq!(
        message(&|arrays| arrays[4].values[7] = f64::NAN),
        "`parameters` holds NaN; it must hold finite numbers"
    );
    assert!(message(&|arrays| arrays[4].shape = vec![2, 3]).contains("has the shape [2, 3]"));
    assert!(message(&|arrays| arrays[3].values.truncate(3)).contains("which its shape [2, 2] does not hold"));
    // A weight from a value to itself would make the density another one than the draws'.
    let first = density.arrays()[4].values.iter().position(|weight| *weight == 0.0).unwrap();
    assert!(message(&|arrays| arrays[4].values[first] = 0.1).contains("depend on itself"));
    assert!(Density::of_arrays(&kind, 1 << 60, 2, density.arrays()).is_err());
    assert!(Density::of_arrays(&kinds()[0], 2, 2, density.arrays()).is_err());
    assert!(Density::of_arrays(&kind, 2, 2, Vec::new()).is_err());
}

#[test]
fn few_rows_and_batches_larger_than_there_are_rows_do() {
    for kind in kinds() {
        for count in [2, 3, 11] {
            let training = Training { members: 1, max_epochs: 30, ..as_sbi() };
            let trained = trained(&kind, &training, 2, count);
            match trained {
                Ok(trained) => {
                    let draws = trained.density.draw(&[0.0, 0.0], 5, &mut key(1).stream("draws", 0));
                    assert!(draws.iter().all(|value| value.is_finite()), "{kind:?} {count}");
                }
                Err(error) => panic!("{kind:?} {count}: {error}"),
            }
        }
        assert_eq!(
            trained(&kind, &brief(), 2, 1).unwrap_err().to_string(),
            "1 training rows are too few; at least 2 are needed"
        );
        assert!(matches!(trained(&kind, &brief(), 2, 0), Err(DensityError::TooFewRows { rows: 0, .. })));
    }
}

#[test]
fn constant_contexts_say_nothing_and_constant_values_are_refused() {
    for kind in kinds() {
        let (mut v, mut x) = rows(100, 2);
        x.column_mut(1).fill(1e6);
        let fit = |v: &Array2<f64>, x: &Array2<f64>| {
            train_density(&kind, &brief(), v.view(), x.view(), key(2), Watch::nobody())
        };
        let density = fit(&v, &x).unwrap().density;
        assert!(density.log_density(v.view(), x.view()).iter().all(|density| density.is_finite()));
        v.column_mut(0).fill(3.0);
        let message = fit(&v, &x).unwrap_err().to_string();
        assert!(message.starts_with("value 0 is the same in all training rows"), "{message}");
    }
}

#[test]
fn tables_that_cannot_be_trained_on_are_refused() {
    let kind = kinds()[0].clone();
    let fit = |v: Array2<f64>, x: Array2<f64>| {
        let error = train_density(&kind, &brief(), v.view(), x.view(), key(2), Watch::nobody()).unwrap_err();
        error.to_string()
    };
    let (mut v, x) = rows(20, 2);
    assert_eq!(fit(v.clone(), Array2::zeros((20, 0))), "contexts have no columns; at least one is needed");
    assert_eq!(
        fit(v.clone(), x.slice(ndarray::s![..9, ..]).to_owned()),
        "there are 20 rows of values, but 9 rows of contexts; each row needs both"
    );
    v[[4, 1]] = f64::NAN;
    assert_eq!(fit(v.clone(), x.clone()), "column 1 of values is NaN in row 4; training rows must be finite");
    v[[4, 1]] = 1e300;
    assert!(fit(v, x).contains("use other units"));
}

#[test]
fn settings_out_of_range_are_told_by_name() {
    let nsf = |bins: usize, tail: f64| DensityKind::Nsf(NeuralSplineFlow { bins, tail, ..Default::default() });
    assert_eq!(nsf(1, 3.0).check().unwrap_err().to_string(), "`bins` of nsf is 1; allowed: 2 to 100");
    assert_eq!(nsf(5, f64::NAN).check().unwrap_err().to_string(), "`tail` of nsf is NaN; allowed: 0.1 to 100");
    let training = |change: &dyn Fn(&mut Training)| {
        let mut training = as_sbi();
        change(&mut training);
        training.check().unwrap_err().to_string()
    };
    assert_eq!(training(&|t| t.members = 0), "`members` of training is 0; allowed: 1 to 1000");
    assert_eq!(training(&|t| t.clip = 0.0), "`clip` of training is 0; allowed: above 0");
    for change in [
        (&|t: &mut Training| t.batch = 0) as &dyn Fn(&mut Training),
        &|t| t.learning_rate = f64::NAN,
        &|t| t.validation_fraction = 1.0,
        &|t| t.patience = 0,
        &|t| t.max_epochs = 0,
    ] {
        training(change);
    }
}

#[test]
fn losses_are_told_as_they_come_and_fall() {
    let told = Mutex::new(Vec::new());
    let watch = Watch { cancelled: &|| false, epoch: &|loss| told.lock().unwrap().push(loss) };
    let (v, x) = rows(400, 2);
    let trained = train_density(&kinds()[1], &brief(), v.view(), x.view(), key(2), watch).unwrap();
    let mut told = told.into_inner().unwrap();
    told.sort_by_key(|loss| (loss.member, loss.epoch));
    assert_eq!(told, trained.losses);
    assert_eq!(told.len(), 40);
    assert!(told[19].training < told[0].training);
    // In the units of the values: the mean of minus the log density over all rows lies near those of members.
    let mean = -trained.density.log_density(v.view(), x.view()).mean();
    assert!((mean - told[19].training).abs() < 0.3, "{mean} {:?}", told[19]);
}

trait Mean {
    fn mean(&self) -> f64;
}

impl Mean for Vec<f64> {
    fn mean(&self) -> f64 {
        self.iter().sum::<f64>() / self.len() as f64
    }
}

#[test]
fn a_training_that_is_no_longer_wanted_ends() {
    let (v, x) = rows(400, 2);
    for wanted in [0, 1, 7] {
        let looks = AtomicUsize::new(0);
        let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= wanted;
        let watch = Watch { cancelled: &cancelled, epoch: &|_| () };
        let ended = train_density(&kinds()[2], &brief(), v.view(), x.view(), key(2), watch);
        assert_eq!(ended.unwrap_err(), DensityError::Cancelled);
    }
}

#[test]
fn the_stream_alone_decides() {
    let (v, x) = rows(100, 2);
    let fit =
        |number: u8| train_density(&kinds()[1], &brief(), v.view(), x.view(), key(number), Watch::nobody()).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1).density, fit(2).density);
    let members = fit(1).density.arrays()[4].clone();
    let width = members.shape[1];
    assert_ne!(members.values[..width], members.values[width..]);
}

/// In ten dimensions each value is drawn given those of lower rank.
#[test]
fn draws_of_many_values_have_the_moments_of_what_they_learned() {
    let mut generator = key(6).stream("rows", 0);
    let mut v = Array2::zeros((3000, 10));
    let x = Array2::from_shape_simple_fn((3000, 1), || generator.normal());
    for row in 0..3000 {
        let shared = generator.normal();
        for column in 0..10 {
            v[[row, column]] = shared + generator.normal() + x[[row, 0]];
        }
    }
    for kind in kinds() {
        let training = Training { max_epochs: 40, learning_rate: 2e-3, ..as_sbi() };
        let density = train_density(&kind, &training, v.view(), x.view(), key(2), Watch::nobody()).unwrap().density;
        let draws = density.draw(&[0.0], 5000, &mut key(7).stream("draws", 0));
        let mean = draws.mean_axis(Axis(0)).unwrap();
        let centred = &draws - &mean;
        let covariance = centred.t().dot(&centred) / 5000.0;
        for row in 0..10 {
            assert!(mean[row].abs() < 0.3, "{kind:?}: {mean}");
            for column in 0..10 {
                let right = if row == column { 2.0 } else { 1.0 };
                assert!((covariance[[row, column]] - right).abs() < 0.45, "{kind:?}: {covariance}");
            }
        }
    }
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
