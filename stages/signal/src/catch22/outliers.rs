//! outlier_timing_pos and outlier_timing_neg: where in time the large deviations are.
//!
//! With w = y or -y, threshold j (0, 1, ...) holds the 1-based times r_j of all w_i >= j 0.01, C_j
//! of them, and m_j = median(r_j) / (n/2) - 1. With tot = C_0, nT = trunc(max w / 0.01 + 1), mj the
//! last j with (C_j - 1) 100 / tot > 2 (0 if none) and fbi the first j with C_j = 1 (nT - 1 if
//! none), the feature is the median of m_0 .. m_min(mj, fbi); 0 if w is constant or nowhere reaches
//! 0.01.
//!
//! Defined as n nT comparisons and as many sorts. Here the times are grouped by sign and by the highest
//! threshold they pass; from the top threshold down each group enters a set of bits, along which the
//! median moves by as many members as the group changes its rank: O(n + nT). nT is bounded because a
//! z-score never exceeds (n - 1) / sqrt(n).

const STEP: f64 = 0.01;

#[derive(Debug, Default)]
pub(super) struct OutlierTimes {
    /// Of every sample: the highest threshold that |y| passes, behind all of them for negative samples.
    groups: Vec<u32>,
    /// Of one sign.
    threshold_count: usize,
    /// Non-negative samples by threshold, then negative ones.
    times: Vec<u32>,
    group_starts: Vec<u32>,
    /// Samples that are 0: of either sign.
    zeros: Vec<u32>,
    present: TimeSet,
    medians: Vec<f64>,
}

impl OutlierTimes {
    /// Groups the times of samples by sign and threshold.
    pub(super) fn load(&mut self, values: &[f64]) {
        self.groups.resize(values.len(), 0);
        for (threshold, y) in self.groups.iter_mut().zip(values) {
            *threshold = highest_threshold(y.abs());
        }
        self.threshold_count = self.groups.iter().copied().max().map_or(0, |highest| highest as usize + 1);
        self.zeros.clear();
        if values.contains(&0.0) {
            self.zeros.extend((0..values.len() as u32).filter(|time| values[*time as usize] == 0.0));
        }
        let beyond = self.threshold_count as u32;
        for (group, y) in self.groups.iter_mut().zip(values) {
            *group += if *y < 0.0 { beyond } else { 0 };
        }
        self.group_starts.clear();
        self.group_starts.resize(2 * self.threshold_count + 1, 0);
        for group in &self.groups {
            self.group_starts[*group as usize + 1] += 1;
        }
        let mut before = 0;
        for start in &mut self.group_starts {
            before += *start;
            *start = before;
        }
        // Writing a group moves its start to its end, which is the start of the next: shift back
        // afterwards.
        self.times.resize(values.len(), 0);
        for (time, group) in self.groups.iter().enumerate() {
            let place = &mut self.group_starts[*group as usize];
            self.times[*place as usize] = time as u32;
            *place += 1;
        }
        self.group_starts.rotate_right(1);
        self.group_starts[0] = 0;
    }

    /// The value that `rank` of the `values` last loaded are smaller than or equal to, but for itself.
    pub(super) fn order_statistic(&self, values: &[f64], rank: usize, scratch: &mut Vec<f64>) -> f64 {
        let (middle, end) = (self.threshold_count, 2 * self.threshold_count);
        let negative = (self.group_starts[end] - self.group_starts[middle]) as usize;
        // By distance from 0 among those of its sign.
        let (first, place, sign) =
            if rank < negative { (middle, negative - 1 - rank, -1.0) } else { (0, rank - negative, 1.0) };
        let place = self.group_starts[first] as usize + place;
        let starts = &self.group_starts[first..=first + self.threshold_count];
        let group = starts.partition_point(|start| *start as usize <= place) - 1;
        let members = starts[group] as usize..starts[group + 1] as usize;
        scratch.clear();
        scratch.extend(self.times[members.clone()].iter().map(|time| values[*time as usize].abs()));
        let (_, distance, _) = scratch.select_nth_unstable_by(place - members.start, f64::total_cmp);
        sign * *distance
    }

    /// The feature of `sign` * y for the `n` samples last loaded, whose range is [smallest, largest].
    pub(super) fn timing(&mut self, n: usize, sign: f64, [smallest, largest]: [f64; 2]) -> f64 {
        if largest < STEP || smallest == largest {
            return 0.0;
        }
        let threshold_count = (largest / STEP + 1.0) as usize;
        let first = if sign < 0.0 { self.threshold_count } else { 0 };
        let start = |j: usize| self.group_starts[first + j.min(self.threshold_count)] as usize;
        let zeros: &[u32] = if sign < 0.0 { &self.zeros } else { &[] };
        let end = start(self.threshold_count);
        // Sizes of r_j.
        let size = |j: usize| end - start(j) + if j == 0 { zeros.len() } else { 0 };
        let total = size(0) as f64;
        let enough = |j: &usize| (size(*j) as f64 - 1.0) * 100.0 / total > 2.0;
        let last_large = (0..threshold_count).rev().find(enough).unwrap_or(0);
        let first_single = (0..threshold_count).find(|&j| size(j) == 1).unwrap_or(threshold_count - 1);
        let last = last_large.min(first_single);

        self.present.clear(n);
        self.medians.clear();
        let mut known = end;
        for j in (0..=last).rev() {
            for &time in &self.times[start(j)..known] {
                self.present.insert(time);
            }
            known = start(j);
            if j == 0 {
                zeros.iter().for_each(|&time| self.present.insert(time));
            }
            self.medians.push((self.present.median() + 1.0) / (n as f64 / 2.0) - 1.0);
        }
        median(&mut self.medians)
    }
}

/// Largest j with w >= j 0.01, where the product decides, not the quotient.
#[inline]
fn highest_threshold(w: f64) -> u32 {
    // The last bits of a sum with 2^52 are the nearest whole number: a cast is slower.
    const WHOLE: f64 = (1_u64 << 52) as f64;
    let near = (w * (1.0 / STEP) + WHOLE) - WHOLE;
    let above = if w >= (near + 1.0) * STEP { 1.0 } else { 0.0 };
    let below = if w < near * STEP { 1.0 } else { 0.0 };
    (near + above - below + WHOLE).to_bits() as u32
}

/// A set of sample numbers that knows its median: one bit each.
#[derive(Debug, Default)]
struct TimeSet {
    words: Vec<u64>,
    len: u32,
    /// Where the median was last, and how many members are before it.
    place: u32,
    before: u32,
}

impl TimeSet {
    fn clear(&mut self, n: usize) {
        self.words.clear();
        self.words.resize(n.div_ceil(64), 0);
        (self.len, self.place, self.before) = (0, 0, 0);
    }

    fn insert(&mut self, time: u32) {
        self.words[time as usize / 64] |= 1 << (time % 64);
        self.len += 1;
        self.before += u32::from(time < self.place);
    }

    /// Median of the members, the mean of the two middle ones for an even number. The set must not
    /// be empty.
    fn median(&mut self) -> f64 {
        let rank = self.len / 2;
        while self.before > rank {
            self.place = self.member_before(self.place);
            self.before -= 1;
        }
        self.place = self.member_from(self.place);
        while self.before < rank {
            self.place = self.member_from(self.place + 1);
            self.before += 1;
        }
        let upper = f64::from(self.place);
        if self.len % 2 == 1 { upper } else { f64::from(self.member_before(self.place)) / 2.0 + upper / 2.0 }
    }

    /// The first member at a place or after it; there must be one.
    fn member_from(&self, place: u32) -> u32 {
        let mut word = place as usize / 64;
        let mut bits = self.words[word] & (u64::MAX << (place % 64));
        while bits == 0 {
            word += 1;
            bits = self.words[word];
        }
        64 * word as u32 + bits.trailing_zeros()
    }

    /// The member next before a place; there must be one.
    fn member_before(&self, place: u32) -> u32 {
        let mut word = place as usize / 64;
        let mut bits = self.words[word] & ((1 << (place % 64)) - 1);
        while bits == 0 {
            word -= 1;
            bits = self.words[word];
        }
        64 * word as u32 + bits.ilog2()
    }
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
                        let got = times.timing(series.len(), sign, [smallest, largest]);
                        assert!((got - expected).abs() < 1e-14, "n = {n}: {got} != {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn order_statistics_are_those_of_the_sorted_series() {
        let mut times = OutlierTimes::default();
        let noise = |i: u32| f64::from((i * 7919) % 1013) / 300.0 - 1.5;
        let series: [Vec<f64>; 4] = [
            (0..1000).map(noise).collect(),
            (0..300).map(|i| (noise(i) * 3.0).round()).collect(),
            (0..77).map(|i| noise(i).abs()).collect(),
            vec![0.0, -0.0],
        ];
        for values in series {
            times.load(&values);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for (rank, expected) in sorted.iter().enumerate() {
                assert_eq!(times.order_statistic(&values, rank, &mut Vec::new()), *expected, "rank {rank}");
            }
        }
    }

    #[test]
    fn the_median_of_a_growing_set_is_that_of_its_members() {
        let mut set = TimeSet::default();
        set.clear(1000);
        let mut members: Vec<f64> = Vec::new();
        for i in 0..1000_u32 {
            let time = (i * 617 + 3) % 1000;
            set.insert(time);
            members.push(f64::from(time));
            if i % 3 != 1 {
                assert_eq!(set.median(), median(&mut members.clone()), "{} members", i + 1);
            }
        }
    }

    #[test]
    fn thresholds_are_products_not_quotients() {
        for j in 0..3000_u32 {
            let product = f64::from(j) * STEP;
            assert_eq!(highest_threshold(product), j);
            assert_eq!(highest_threshold(product.next_up()), j);
            if j > 0 {
                assert_eq!(highest_threshold(product.next_down()), j - 1);
            }
        }
    }
}
