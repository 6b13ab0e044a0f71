//! outlier_timing_pos and outlier_timing_neg: where in time the large deviations are.
//!
//! With w = y or -y, threshold j (0, 1, ...) holds the 1-based times r_j of all w_i >= j 0.01, C_j
//! of them, and m_j = median(r_j) / (n/2) - 1. With tot = C_0, nT = trunc(max w / 0.01 + 1), mj the
//! last j with (C_j - 1) 100 / tot > 2 (0 if none) and fbi the first j with C_j = 1 (nT - 1 if
//! none), the feature is the median of m_0 .. m_min(mj, fbi); 0 if w is constant or nowhere reaches
//! 0.01.
//!
//! Defined as n nT comparisons and as many sorts. Here the times are grouped by the highest
//! threshold they pass; from the top threshold down each group enters a bitset whose medians are
//! found by counting bits: O(n + nT n / 512). nT is bounded because a z-score never exceeds (n - 1)
//! / sqrt(n).

const STEP: f64 = 0.01;

#[derive(Debug, Default)]
pub(super) struct OutlierTimes {
    /// Highest threshold that |y| passes, for every sample.
    thresholds: Vec<u32>,
    /// The same within the sign under study; one above all thresholds for samples of the other
    /// sign.
    groups: Vec<u32>,
    times: Vec<u32>,
    group_starts: Vec<u32>,
    present: TimeSet,
    medians: Vec<f64>,
}

impl OutlierTimes {
    pub(super) fn load(&mut self, values: &[f64]) {
        self.thresholds.clear();
        self.thresholds.extend(values.iter().map(|y| highest_threshold(y.abs())));
    }

    /// The feature of `sign` * y, whose range is [smallest, largest]; `values` are those last
    /// loaded.
    pub(super) fn timing(&mut self, values: &[f64], sign: f64, [smallest, largest]: [f64; 2]) -> f64 {
        let n = values.len();
        if largest < STEP || smallest == largest {
            return 0.0;
        }
        let threshold_count = (largest / STEP + 1.0) as usize;
        self.group(values, sign, threshold_count);
        let total = self.group_starts[threshold_count] as usize;
        // Sizes of r_j: those in group j and above.
        let size = |j: usize| total - self.group_starts[j] as usize;
        let enough = |j: &usize| (size(*j) as f64 - 1.0) * 100.0 / total as f64 > 2.0;
        let last_large = (0..threshold_count).rev().find(enough).unwrap_or(0);
        let first_single = (0..threshold_count).find(|&j| size(j) == 1).unwrap_or(threshold_count - 1);
        let last = last_large.min(first_single);

        self.present.clear(n);
        self.medians.clear();
        for &time in &self.times[self.group_starts[last + 1] as usize..total] {
            self.present.insert(time);
        }
        for j in (0..=last).rev() {
            for &time in &self.times[self.group_starts[j] as usize..self.group_starts[j + 1] as usize] {
                self.present.insert(time);
            }
            self.medians.push((self.present.median() + 1.0) / (n as f64 / 2.0) - 1.0);
        }
        median(&mut self.medians)
    }

    /// Sorts the times of non-negative samples by the highest threshold they reach.
    fn group(&mut self, values: &[f64], sign: f64, threshold_count: usize) {
        let beyond = threshold_count as u32;
        self.groups.clear();
        self.groups.extend(
            values.iter().zip(&self.thresholds).map(
                |(y, &threshold)| {
                    if sign * y >= 0.0 { threshold.min(beyond - 1) } else { beyond }
                },
            ),
        );
        self.group_starts.clear();
        self.group_starts.resize(threshold_count + 2, 0);
        for &group in &self.groups {
            self.group_starts[group as usize + 1] += 1;
        }
        let mut before = 0;
        for start in &mut self.group_starts {
            before += *start;
            *start = before;
        }
        // Writing a group moves its start to its end, which is the start of the next: shift back
        // afterwards.
        self.times.resize(values.len(), 0);
        for (time, &group) in self.groups.iter().enumerate() {
            let place = &mut self.group_starts[group as usize];
            self.times[*place as usize] = time as u32;
            *place += 1;
        }
        self.group_starts.rotate_right(1);
        self.group_starts[0] = 0;
    }
}

/// Largest j with w >= j 0.01, where the product decides, not the quotient.
fn highest_threshold(w: f64) -> u32 {
    let guess = (w * (1.0 / STEP)) as u32;
    let above = u32::from(w >= f64::from(guess + 1) * STEP);
    let below = u32::from(guess > 0 && w < f64::from(guess) * STEP);
    guess + above - below
}

/// A set of sample numbers with fast order statistics: one bit each, counted per 512.
#[derive(Debug, Default)]
struct TimeSet {
    words: Vec<u64>,
    per_block: Vec<u32>,
    len: u32,
}

const WORDS_PER_BLOCK: usize = 8;

impl TimeSet {
    fn clear(&mut self, n: usize) {
        let blocks = n.div_ceil(64 * WORDS_PER_BLOCK);
        self.words.clear();
        self.words.resize(blocks * WORDS_PER_BLOCK, 0);
        self.per_block.clear();
        self.per_block.resize(blocks, 0);
        self.len = 0;
    }

    fn insert(&mut self, time: u32) {
        let word = time as usize / 64;
        self.words[word] |= 1 << (time % 64);
        self.per_block[word / WORDS_PER_BLOCK] += 1;
        self.len += 1;
    }

    /// Median of the members, the mean of the two middle ones for an even number. The set must not
    /// be empty.
    fn median(&self) -> f64 {
        let upper = self.select(self.len / 2);
        if self.len % 2 == 1 {
            return f64::from(upper);
        }
        f64::from(self.before(upper)) / 2.0 + f64::from(upper) / 2.0
    }

    /// The member with `rank` members before it.
    fn select(&self, mut rank: u32) -> u32 {
        let mut block = 0;
        while rank >= self.per_block[block] {
            rank -= self.per_block[block];
            block += 1;
        }
        let mut word = block * WORDS_PER_BLOCK;
        while rank >= self.words[word].count_ones() {
            rank -= self.words[word].count_ones();
            word += 1;
        }
        64 * word as u32 + select_bit(self.words[word], rank)
    }

    /// The member next before `member`; there must be one.
    fn before(&self, member: u32) -> u32 {
        let mut word = member as usize / 64;
        let mut bits = self.words[word] & ((1 << (member % 64)) - 1);
        while bits == 0 {
            word -= 1;
            bits = self.words[word];
        }
        64 * word as u32 + bits.ilog2()
    }
}

/// Position of the set bit with `rank` set bits below it.
fn select_bit(word: u64, rank: u32) -> u32 {
    let mut remaining = rank;
    let mut position = 0;
    for half in [32, 16, 8, 4, 2, 1] {
        let low = (word >> position) & ((1 << half) - 1);
        let ones = low.count_ones();
        if remaining >= ones {
            remaining -= ones;
            position += half;
        }
    }
    position
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if even { (below.iter().copied().fold(f64::NEG_INFINITY, f64::max) + upper) / 2.0 } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word.
    fn by_definition(values: &[f64], sign: f64) -> f64 {
        let n = values.len() as f64;
        let w: Vec<f64> = values.iter().map(|y| sign * y).collect();
        let largest = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest < STEP || w.iter().all(|w| *w == largest) {
            return 0.0;
        }
        let threshold_count = (largest / STEP + 1.0) as usize;
        let total = w.iter().filter(|w| **w >= 0.0).count() as f64;
        let (mut medians, mut last_large, mut first_single) = (vec![], 0, threshold_count - 1);
        for j in (0..threshold_count).rev() {
            let times: Vec<f64> = (0..w.len()).filter(|&i| w[i] >= j as f64 * STEP).map(|i| i as f64 + 1.0).collect();
            if times.len() == 1 {
                first_single = j;
            }
            if last_large == 0 && (times.len() as f64 - 1.0) * 100.0 / total > 2.0 {
                last_large = j;
            }
            medians.insert(0, median(&mut times.clone()) / (n / 2.0) - 1.0);
        }
        median(&mut medians[..=last_large.min(first_single)])
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut times = OutlierTimes::default();
        for n in [1, 2, 3, 10, 64, 65, 512, 513, 1500] {
            for scale in [0.02, 1.0, 5.0] {
                let noise: Vec<f64> = (0..n).map(|_| scale * (uniform() + uniform() - 1.0)).collect();
                let quantised: Vec<f64> = noise.iter().map(|v| (v / STEP).round() * STEP).collect();
                for series in [noise, quantised] {
                    for sign in [1.0, -1.0] {
                        let largest = series.iter().map(|y| sign * y).fold(f64::NEG_INFINITY, f64::max);
                        let smallest = series.iter().map(|y| sign * y).fold(f64::INFINITY, f64::min);
                        let expected = by_definition(&series, sign);
                        times.load(&series);
                        let got = times.timing(&series, sign, [smallest, largest]);
                        assert!((got - expected).abs() < 1e-14, "n = {n}: {got} != {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn bits_are_selected_by_rank() {
        let word = 0x8000_0100_0400_8003_u64;
        let positions: Vec<u32> = (0..64).filter(|bit| word >> bit & 1 == 1).collect();
        for (rank, &position) in positions.iter().enumerate() {
            assert_eq!(select_bit(word, rank as u32), position);
        }
    }
}
