use lapicque_numerics::random::StreamKey;
use ndarray::array;

use super::*;

fn fit(x: &Array2<f64>, y: &Array2<f64>) -> Result<Box<dyn Fitted>, InverseError> {
    GaussianProcess::default().fit(x.view(), y.view(), &FitContext::unwatched(StreamKey::new([0; 16])))
}

fn data() -> (Array2<f64>, Array2<f64>) {
    let x = Array2::from_shape_fn((50, 3), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
    let noise = |r: usize| 0.1 * ((r * r) as f64).cos();
    let y = Array2::from_shape_fn((50, 2), |(r, t)| (3.0 * x[[r, t]]).sin() - x[[r, 1]] + noise(r + 7 * t));
    (x, y)
}

#[test]
fn the_gradient_is_that_of_the_likelihood() {
    let (x, y) = data();
    let target = y.column(0).to_owned();
    let likelihood = Likelihood { features: &x, target: &target };
    let at = |logarithms: &[f64; 5]| {
        let [signal, a, b, c, noise] = logarithms.map(f64::exp);
        likelihood.at(&Covariance { signal, lengths: vec![a, b, c], noise }).unwrap()
    };
    let place = [0.3, -0.5, 0.2, 0.9, -2.0];
    let (_, gradient) = at(&place);
    for (position, slope) in gradient.iter().enumerate() {
        let (mut low, mut high) = (place, place);
        low[position] -= 1e-5;
        high[position] += 1e-5;
        let expected = (at(&high).0 - at(&low).0) / 2e-5;
        assert!((slope - expected).abs() < 1e-6 * expected.abs().max(1.0), "{position}: {slope} {expected}");
    }
}

#[test]
fn predictions_and_their_sd_are_those_of_the_normal_equations() {
    let (x, y) = data();
    let fitted = fit(&x, &y).unwrap();
    let stored = fitted.store();
    let numbers = |name: &str| stored.array(name).unwrap().values.clone();
    let lengths = numbers("lengths")[3..].to_vec();
    let covariance = Covariance { signal: numbers("signal_variance")[1], lengths, noise: numbers("noise_variance")[1] };
    let unseen = array![[0.1, 0.2, 0.3], [-0.9, 0.4, 2.0]];
    let inverse = cholesky::inverse(&cholesky::factor(covariance.of_rows(x.view())).unwrap());
    let alike = covariance.between(unseen.view(), x.view());
    let (mean, scale) = (y.column(1).mean().unwrap(), y.column(1).std(0.0));
    let expected = alike.dot(&inverse).dot(&((&y.column(1) - mean) / scale)) * scale + mean;
    let (found, sd) = (fitted.predict(unseen.view()), fitted.sd(unseen.view()).unwrap());
    for row in 0..2 {
        let variance = covariance.signal + covariance.noise - alike.row(row).dot(&inverse.dot(&alike.row(row)));
        assert!((found[[row, 1]] - expected[row]).abs() < 1e-8);
        assert!((sd[[row, 1]] - scale * variance.sqrt()).abs() < 1e-8);
    }
    // Far from all rows nothing is known but the mean and the spread.
    let far = array![[1e3, 1e3, 1e3], [f64::NAN, 0.0, 0.0]];
    assert!((fitted.predict(far.view())[[0, 1]] - mean).abs() < 1e-12 && fitted.predict(far.view())[[1, 0]].is_nan());
    let total = (covariance.signal + covariance.noise).sqrt() * scale;
    assert!((fitted.sd(far.view()).unwrap()[[0, 1]] - total).abs() < 1e-12);
    assert!(fitted.sd(far.view()).unwrap()[[1, 1]].is_nan());
}

#[test]
fn constants_and_single_rows_are_predicted_as_they_are() {
    let fitted = fit(&array![[1.0], [2.0], [3.0]], &array![[0.1], [0.1], [0.1]]).unwrap();
    assert_eq!(fitted.predict(array![[2.5]].view())[[0, 0]], 0.1);
    assert_eq!(fitted.sd(array![[2.5]].view()).unwrap()[[0, 0]], 0.0);
    assert_eq!(fit(&array![[1.0]], &array![[7.0]]).unwrap().predict(array![[5.0]].view())[[0, 0]], 7.0);
}

#[test]
fn too_many_rows_and_parameters_are_refused() {
    let many = Array2::from_shape_fn((3001, 1), |(row, _)| row as f64);
    let message = fit(&many, &many).unwrap_err().to_string();
    assert!(message.contains("at most 3000 training rows, found 3001"), "{message}");
    assert_eq!(fit(&array![[1e200], [-1e200]], &array![[1.0], [2.0]]).unwrap_err(), InverseError::Overflow);
    for (parameters, parameter) in [
        (GaussianProcess { starts: 3, most_iterations: 1 }, "starts"),
        (GaussianProcess { starts: 1, most_iterations: 0 }, "most_iterations"),
    ] {
        let message = parameters.check().unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{parameter}` of gaussian_process is ")), "{message}");
    }
}
