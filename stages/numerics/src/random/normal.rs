//! Standard normals by the ziggurat method, exact to the resolution of f64.
//!
//! The density is covered by 256 layers of equal area v: a base with the tail beyond r, and
//! rectangles x_i wide. A point uniform in a random layer is accepted at once in 98.8 % of draws.
//! Reference: Marsaglia & Tsang (2000) J Stat Softw 5(8), doi:10.18637/jss.v005.i08; layer and
//! position from disjoint bits as Doornik (2005) asks for.

use std::sync::LazyLock;

use super::{Generator, LANES};

const LAYERS: usize = 256;
/// Where the tail begins, for 256 layers.
const TAIL: f64 = 3.654_152_885_361_009;

struct Ziggurat {
    /// Right ends of the layers; `x[0]` is the width the base would have as a rectangle, `x[256]` =
    /// 0.
    x: [f64; LAYERS + 1],
    /// exp(-x^2/2) there.
    density: [f64; LAYERS + 1],
}

// libm, so that every platform has the same table.
static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(|| {
    let density = |x: f64| libm::exp(-0.5 * x * x);
    let area = TAIL * density(TAIL) + (std::f64::consts::PI / 2.0).sqrt() * libm::erfc(TAIL / std::f64::consts::SQRT_2);
    let mut x = [0.0; LAYERS + 1];
    x[0] = area / density(TAIL);
    x[1] = TAIL;
    for i in 2..LAYERS {
        x[i] = (-2.0 * libm::log(area / x[i - 1] + density(x[i - 1]))).sqrt();
    }
    Ziggurat { x, density: x.map(density) }
});

#[inline]
pub(super) fn draw(generator: &mut Generator) -> f64 {
    let ziggurat = &*ZIGGURAT;
    loop {
        let bits = generator.next_u64();
        let layer = (bits & 0xFF) as usize;
        // Uniform in (-1, 1), symmetric about 0.
        let u = ((bits >> 11) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64) - 1.0;
        let x = u * ziggurat.x[layer];
        if x.abs() < ziggurat.x[layer + 1] {
            return x;
        }
        if let Some(x) = beside_the_rectangle(generator, ziggurat, layer, x) {
            return x;
        }
    }
}

/// Standard normals, one from each two words of a step of [`Lanes`](super::Lanes): exact as those of
/// [`Generator::normal`], but others.
///
/// What the words do not settle, one number in 81, takes more from `more`; lower lanes first.
#[inline(always)]
pub fn normals(words: [u32; LANES], more: &mut Generator) -> [f64; LANES / 2] {
    let ziggurat = &*ZIGGURAT;
    let (mut x, mut layers, mut beside) = ([0.0; LANES / 2], [0; LANES / 2], 0);
    for lane in 0..LANES / 2 {
        let bits = u64::from(words[lane]) | u64::from(words[lane + LANES / 2]) << 32;
        layers[lane] = (bits & 0xFF) as usize;
        x[lane] = (((bits >> 11) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64) - 1.0) * ziggurat.x[layers[lane]];
        beside |= u32::from(x[lane].abs() >= ziggurat.x[layers[lane] + 1]) << lane;
    }
    while beside != 0 {
        let lane = beside.trailing_zeros() as usize;
        beside &= beside - 1;
        x[lane] = match beside_the_rectangle(more, ziggurat, layers[lane], x[lane]) {
            Some(x) => x,
            None => draw(more),
        };
    }
    x
}

#[cold]
fn beside_the_rectangle(generator: &mut Generator, ziggurat: &Ziggurat, layer: usize, x: f64) -> Option<f64> {
    if layer == 0 {
        // Marsaglia's tail: exponential proposals.
        loop {
            let beyond = -libm::log(generator.uniform_above_zero()) / TAIL;
            let height = -libm::log(generator.uniform_above_zero());
            if 2.0 * height >= beyond * beyond {
                return Some((TAIL + beyond).copysign(x));
            }
        }
    }
    let (low, high) = (ziggurat.density[layer], ziggurat.density[layer + 1]);
    (low + (high - low) * generator.uniform() < libm::exp(-0.5 * x * x)).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::super::StreamKey;
    use super::*;

    #[test]
    fn moments_and_tails_are_normal() {
        let mut generator = StreamKey::new([4; 16]).stream("normal", 0);
        check(|| generator.normal());
    }

    #[test]
    fn moments_and_tails_of_normals_side_by_side_are_normal() {
        let key = StreamKey::new([4; 16]).derive("normals");
        let (mut lanes, mut more) = (key.lanes_at(0), key.at(1));
        let mut some = Vec::new();
        check(|| {
            if some.is_empty() {
                some.extend(normals(lanes.next_words(), &mut more));
            }
            some.pop().unwrap_or(f64::NAN)
        });
    }

    fn check(mut draw: impl FnMut() -> f64) {
        let n = 2_000_000;
        let mut moments = [0.0; 4];
        let limits = [0.25, 0.5, 1.0, 2.0, 3.0, 3.6, 3.7, 4.0];
        let mut above = [0u32; 8];
        for _ in 0..n {
            let x = draw();
            for (k, moment) in moments.iter_mut().enumerate() {
                *moment += x.powi(k as i32 + 1);
            }
            for (count, limit) in above.iter_mut().zip(limits) {
                *count += u32::from(x.abs() > limit);
            }
        }
        let n = f64::from(n);
        let expected = [0.0, 1.0, 0.0, 3.0];
        let variance = [1.0, 2.0, 15.0, 96.0];
        for k in 0..4 {
            let moment = moments[k] / n;
            assert!((moment - expected[k]).abs() < 4.5 * f64::sqrt(variance[k] / n), "moment {k}: {moment}");
        }
        for (count, limit) in above.iter().zip(limits) {
            let p = libm::erfc(limit / std::f64::consts::SQRT_2);
            let error = (f64::from(*count) - n * p) / (n * p * (1.0 - p)).sqrt();
            assert!(error.abs() < 4.5, "P(|x| > {limit}) off by {error} standard errors");
        }
    }
}
