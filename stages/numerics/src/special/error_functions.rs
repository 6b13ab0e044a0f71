//! Error functions of real and complex arguments, and the integral of the scaled one.
//!
//! erfcx(x) = exp(x^2) erfc(x); Dawson's D(x) = exp(-x^2) int_0^x exp(t^2) dt; H(x) = int_0^x erfcx.
//! erfcx, D and the complex erf are those of S. G. Johnson's Faddeeva package, ported in the crate
//! `errorfunctions`. H is a polynomial fit to it on four pieces of [0, 10] (Chebyshev nodes, 40
//! digits), and above 10 the asymptotic series
//!
//! sqrt(pi) H(x) = ln(2x) + gamma/2 + sum_k (-1)^(k+1) (2k-1)!!/(2^k 2k x^(2k)).

use errorfunctions::{ComplexErrorFunctions as _, RealErrorFunctions as _};
use num_complex::Complex64;

use super::quadrature::gauss_legendre;

/// exp(x^2) erfc(x), relative error about 1e-15. Infinite below x = -26.6, 0 at infinity.
#[inline]
pub fn erfcx(x: f64) -> f64 {
    x.erfcx()
}

/// Dawson's integral exp(-x^2) int_0^x exp(t^2) dt, relative error about 1e-15.
#[inline]
pub fn dawson(x: f64) -> f64 {
    x.dawson()
}

/// The error function of a complex argument, relative error about 1e-13.
pub fn erf(z: Complex64) -> Complex64 {
    z.erf()
}

/// int_0^x erfcx(t) dt for x >= 0, relative error below 1e-15; NaN for negative x.
#[inline]
pub fn erfcx_integral(x: f64) -> f64 {
    if x > LAST_PIECE_ENDS {
        return (x.ln() + asymptotic_tail(x)) * FRAC_1_SQRT_PI + ASYMPTOTIC_CONSTANT;
    }
    if x <= 1.0 {
        return if x >= 0.0 { x * polynomial(&PIECES[0], 2.0 * x - 1.0) } else { f64::NAN };
    }
    if x <= 2.5 {
        polynomial(&PIECES[1], (x - 1.75) / 0.75)
    } else if x <= 5.0 {
        polynomial(&PIECES[2], (x - 3.75) / 1.25)
    } else {
        polynomial(&PIECES[3], (x - 7.5) / 2.5)
    }
}

/// int_a^(a+length) erfcx(t) dt for a >= 0 and length >= 0, without cancellation for short lengths.
#[inline]
pub fn erfcx_integral_over(a: f64, length: f64) -> f64 {
    let b = a + length;
    if a > LAST_PIECE_ENDS && length > 0.01 * a {
        return ((length / a).ln_1p() + (asymptotic_tail(b) - asymptotic_tail(a))) * FRAC_1_SQRT_PI;
    }
    if length < 0.5 * (a + 1.0) {
        return gauss_legendre(a, length, erfcx);
    }
    erfcx_integral(b) - erfcx_integral(a)
}

/// 1/sqrt(pi) - x erfcx(x) for x >= 0, which is -erfcx'(x)/2, without cancellation for large x.
#[inline]
pub fn erfcx_deficit(x: f64) -> f64 {
    if x < 6.0 {
        return FRAC_1_SQRT_PI - x * erfcx(x);
    }
    // Asymptotic: sum_k (-1)^(k+1) (2k-1)!!/(2 x^2)^k, whose terms fall to 1e-16 before they grow.
    let step = -0.5 / (x * x);
    let (mut term, mut sum) = (-FRAC_1_SQRT_PI, 0.0);
    let mut factor = 1.0;
    while factor < 80.0 {
        term *= factor * step;
        sum += term;
        if term.abs() <= 1e-17 * sum {
            break;
        }
        factor += 2.0;
    }
    sum
}

const FRAC_1_SQRT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI / 2.0;
/// (ln 2 + gamma/2)/sqrt(pi).
const ASYMPTOTIC_CONSTANT: f64 = 0.5538959519364355;
const LAST_PIECE_ENDS: f64 = 10.0;

/// sum_k (-1)^(k+1) (2k-1)!!/(2^k 2k x^(2k)), x >= 10.
#[inline]
fn asymptotic_tail(x: f64) -> f64 {
    let s = 1.0 / (x * x);
    let mut sum = 0.0;
    for k in (1..=TAIL.len()).rev() {
        sum = (sum + TAIL[k - 1]) * s;
    }
    sum
}

/// sum_i coefficients[i] t^i as four interleaved Horner schemes, which a processor runs side by side.
#[inline]
fn polynomial(coefficients: &[f64; 20], t: f64) -> f64 {
    let t2 = t * t;
    let t4 = t2 * t2;
    let mut sums = [coefficients[16], coefficients[17], coefficients[18], coefficients[19]];
    for block in (0..4).rev() {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum = *sum * t4 + coefficients[4 * block + lane];
        }
    }
    (sums[0] + sums[1] * t) + (sums[2] + sums[3] * t) * t2
}

const TAIL: [f64; 12] = [
    0.25,
    -0.1875,
    0.3125,
    -0.8203125,
    2.953125,
    -13.53515625,
    75.41015625,
    -494.879150390625,
    3739.0869140625,
    -31969.193115234375,
    305160.4797363281,
    -3216900.057220459,
];

/// On [0, 1] H(x)/x, on [1, 2.5], [2.5, 5] and [5, 10] H(x), in powers of the variable that runs
/// from -1 to 1 over the piece.
#[rustfmt::skip]
const PIECES: [[f64; 20]; 4] = [
    [
        0.7827164896548519, -0.16702614546192593, 0.03885393973627925, -0.008908445341143207,
        0.0019706149967313124, -0.0004184859515373037, 8.530801567613272e-05, -1.6717806023637787e-05,
        3.1558761335549204e-06, -5.750703810044967e-07, 1.0135823212926105e-07, -1.7312183213263737e-08,
        2.870452763794098e-09, -4.627470547967556e-10, 7.264602556841967e-11, -1.1117817933939983e-11,
        1.6531183496113236e-12, -2.4130528998580877e-13, 3.811263707564274e-14, -5.333526273243155e-15,
    ],
    [
        0.9079418153062286, 0.21372917605307729, -0.03683709717594897, 0.00784176048099665,
        -0.0017608004048362375, 0.0003988768686290223, -8.961143070207055e-05, 1.9816722679417673e-05,
        -4.299015666723999e-06, 9.135744667492671e-07, -1.9008831376267408e-07, 3.872841475294948e-08,
        -7.728766303834903e-09, 1.5115466172980185e-09, -2.9001559789800646e-10, 5.4569955635190925e-11,
        -9.95773191123851e-12, 1.8059575343002226e-12, -3.7968419783202485e-13, 6.67646399390654e-14,
    ],
    [
        1.3091658085468478, 0.18198715159379816, -0.02848145119744029, 0.005780439796435769,
        -0.0012861833924360778, 0.00029798729375889686, -7.030460036393911e-05, 1.6700421323266195e-05,
        -3.968680400295844e-06, 9.398705140678658e-07, -2.2128295475151765e-07, 5.1714781147599524e-08,
        -1.1984116049516628e-08, 2.752297226407807e-09, -6.272913612516208e-10, 1.413689202179288e-10,
        -3.0584937394380044e-11, 6.742492240463371e-12, -1.925428522791292e-12, 4.2002341858371945e-13,
    ],
    [
        1.693158270919663, 0.1864342326571917, -0.030543034851133213, 0.00661671572999692,
        -0.0015996126377831239, 0.00040924721011725655, -0.00010822600004653814, 2.9216683808073167e-05,
        -7.992328374798872e-06, 2.2050064508605067e-06, -6.11598497316151e-07, 1.701619504515046e-07,
        -4.739102796561243e-08, 1.3206716208033826e-08, -3.7093031367876523e-09, 1.0332586778729372e-09,
        -2.6068226831556104e-10, 7.148774183243667e-11, -3.207833863370297e-11, 8.983856423710073e-12,
    ],
];
