//! Numbers below a bound that are drawn at random.

use std::collections::HashSet;

use lapicque_numerics::random::Generator;

use crate::maths;
use crate::maths::logarithm::log;

/// How many uniform numbers are drawn together.
const DRAWS: usize = 64;

/// Each number below `count` with probability `p`, ascending: the next after x is x + 1 + floor(ln U/ln(1 - p)).
pub(super) fn each_with_probability<E>(
    count: u64,
    p: f64,
    generator: &mut Generator,
    mut found: impl FnMut(u64) -> Result<(), E>,
) -> Result<(), E> {
    if p >= 1.0 {
        return (0..count).try_for_each(found);
    }
    if p <= 0.0 || p.is_nan() {
        return Ok(());
    }
    let scale = 1.0 / libm::log1p(-p);
    let mut next = 0;
    let mut logarithms = [0.0; DRAWS];
    loop {
        let uniforms: [f64; DRAWS] = std::array::from_fn(|_| generator.uniform_above_zero());
        maths::map(&mut logarithms, &uniforms, log);
        for logarithm in logarithms {
            let left = count - next;
            let jump = (logarithm * scale).floor();
            if jump >= left as f64 {
                return Ok(());
            }
            next += jump as u64;
            found(next)?;
            next += 1;
        }
    }
}

/// `size` numbers below `count`, all sets of so many equally likely, ascending. There must be as many.
pub(super) fn subset(count: u64, size: u64, generator: &mut Generator) -> Vec<u64> {
    let size = size.min(count);
    if size > count / 8 {
        // Each number with the probability that as many as are needed still come (Knuth, algorithm S).
        let mut needed = size;
        return (0..count)
            .filter(|number| {
                let taken = generator.below(count - number) < needed;
                needed -= u64::from(taken);
                taken
            })
            .collect();
    }
    // A number that is there already gives its place to the bound (Floyd).
    let mut set = HashSet::with_capacity(size as usize);
    for bound in count - size..count {
        let number = generator.below(bound + 1);
        if !set.insert(number) {
            set.insert(bound);
        }
    }
    let mut numbers: Vec<u64> = set.into_iter().collect();
    numbers.sort_unstable();
    numbers
}
