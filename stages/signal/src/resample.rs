pub(crate) fn kaiser_sinc(rate: usize, zero_crossings: usize) -> Vec<f64> {
    const BETA: f64 = 5.0;
    let half = rate * zero_crossings;
    let sides: Vec<f64> = (0..=half).map(|m| {
        let t = m as f64 / half as f64;
        let u = std::f64::consts::PI * m as f64 / rate as f64;
        (if m == 0 { 1.0 } else { u.sin() / u }) * bessel_i0(BETA * (1.0 - t * t).max(0.0).sqrt())
    }).collect();
    let sum = sides[0] + 2.0 * sides[1..].iter().sum::<f64>();
    sides[1..].iter().rev().chain(&sides).map(|h| h / sum).collect()
}
fn bessel_i0(x: f64) -> f64 {
    let q = 0.25 * x * x;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= q / f64::from(k * k);
        sum += term;
    }
    sum
}
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() }
