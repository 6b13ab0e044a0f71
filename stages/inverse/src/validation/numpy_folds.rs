//! The folds of scikit-learn's RepeatedKFold for an integer seed, to reproduce what was published with it.
//!
//! NumPy's RandomState is MT19937 (Matsumoto, Nishimura 1998, ACM TOMACS 8:3), seeded by its `init_genrand`; a shuffle goes from the last item to the second
//! and swaps each with one at or before it, whose place is drawn by masking and rejection. All repeats share one generator.

use super::folds::{Split, explicit_folds};
use crate::InverseError;

/// RepeatedKFold(n_splits=folds, n_repeats=repeats, random_state=seed) of so many samples.
///
/// # Errors
/// Fewer than 2 folds, or more than there are samples.
pub fn repeated_kfold_of_numpy(
    samples: usize,
    folds: usize,
    repeats: usize,
    seed: u32,
) -> Result<Vec<Split>, InverseError> {
    if folds < 2 || folds > samples {
        return Err(InverseError::Parameter {
            owner: "repeated_kfold",
            parameter: "folds",
            value: folds.to_string(),
            allowed: format!("2 to {samples}, the number of samples"),
        });
    }
    let mut random = MersenneTwister::new(seed);
    let of_repeat = |_| {
        let mut order: Vec<usize> = (0..samples).collect();
        for last in (1..samples).rev() {
            order.swap(last, random.at_most(last));
        }
        let mut rest = order.as_slice();
        let of_fold = |fold: usize| {
            let (test, behind) = rest.split_at(samples / folds + usize::from(fold < samples % folds));
            rest = behind;
            test.to_vec()
        };
        (0..folds).map(of_fold).collect()
    };
    let test_samples: Vec<Vec<Vec<usize>>> = (0..repeats).map(of_repeat).collect();
    explicit_folds(samples, &test_samples)
}

const WORDS: usize = 624;
const MIDDLE: usize = 397;

struct MersenneTwister {
    state: [u32; WORDS],
    next: usize,
}

impl MersenneTwister {
    fn new(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for i in 1..WORDS {
            let before = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as u32);
        }
        Self { state, next: WORDS }
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            for i in 0..WORDS {
                let bits = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
                let turned = (bits >> 1) ^ if bits & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + MIDDLE) % WORDS] ^ turned;
            }
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// 0 to `most`, which is below 2^32, all equally likely.
    fn at_most(&mut self, most: usize) -> usize {
        let mask = usize::MAX >> most.leading_zeros();
        loop {
            let drawn = self.word() as usize & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }
}
