//! Binomial counts by inversion: of N trials with probability p the count k has the probability
//! `P(k) = N!/(k! (N - k)!) p^k (1 - p)^(N - k)`.
//!
//! All probabilities above 10^-20 of the largest are made once, from the ratio of neighbours
//! `P(k + 1)/P(k) = (N - k)/(k + 1) p/(1 - p)`; the count of a uniform number u is the first k with `P(0) + ... + P(k) > u`,
//! found with a table of where to begin (Chen & Asau 1974, AIIE Trans. 6:163). Any number of trials takes the same time
//! for a draw; what is drawn differs from the distribution by no more than rounding does.

/// Counts of successes among trials.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binomial {
    /// The count of the first sum.
    first: u32,
    /// Sums of probabilities up to each count; the last is above 1.
    sums: Vec<f64>,
    /// For the n-th of equal parts of the numbers from 0 to 1, the place of the first sum above its begin.
    begins: Vec<u32>,
}

/// Probabilities that are smaller than this part of the largest are left out.
const SMALLEST: f64 = 1e-20;

impl Binomial {
    /// Of `trials` trials with a probability from 0 to 1; none for another.
    pub(crate) fn new(trials: u32, probability: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&probability) {
            return None;
        }
        let n = f64::from(trials);
        let odds = probability / (1.0 - probability);
        let mode = ((n + 1.0) * probability).floor().min(n);
        let mut below = Vec::new();
        let (mut k, mut part) = (mode, 1.0);
        while k > 0.0 && part > SMALLEST {
            part *= k / (n - k + 1.0) / odds;
            k -= 1.0;
            below.push(part);
        }
        let first = k as u32;
        let mut parts: Vec<f64> = below.into_iter().rev().collect();
        parts.push(1.0);
        let (mut k, mut part) = (mode, 1.0);
        while k < n && part > SMALLEST {
            part *= (n - k) / (k + 1.0) * odds;
            k += 1.0;
            parts.push(part);
        }
        // Small ones first on both sides, so that they are not lost.
        let peak = (mode - f64::from(first)) as usize;
        let total = parts[..peak].iter().sum::<f64>() + parts[peak..].iter().rev().sum::<f64>();
        let mut sum = 0.0;
        let mut sums: Vec<f64> = parts
            .iter()
            .map(|part| {
                sum += part / total;
                sum
            })
            .collect();
        if let Some(last) = sums.last_mut() {
            *last = 2.0;
        }
        let count = sums.len();
        let mut place = 0;
        let begins = (0..count)
            .map(|number| {
                while sums[place] <= number as f64 / count as f64 {
                    place += 1;
                }
                place as u32
            })
            .collect();
        Some(Self { first, sums, begins })
    }

    /// The count of a uniform number from 0 (included) to 1 (excluded).
    pub(crate) fn of(&self, uniform: f64) -> u32 {
        let part = (uniform * self.begins.len() as f64) as usize;
        let mut place = self.begins.get(part).map_or(0, |&begin| begin as usize);
        // The product may have been rounded up to the next part.
        while place > 0 && self.sums[place - 1] > uniform {
            place -= 1;
        }
        while self.sums.get(place).is_some_and(|&sum| sum <= uniform) {
            place += 1;
        }
        self.first + place as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities that counts have: differences of sums.
    fn probabilities(of: &Binomial) -> Vec<(u32, f64)> {
        let before = std::iter::once(0.0).chain(of.sums.iter().copied());
        let sums = of.sums.iter().map(|&sum| sum.min(1.0));
        before.zip(sums).enumerate().map(|(place, (before, sum))| (of.first + place as u32, sum - before)).collect()
    }

    fn moments(of: &Binomial) -> [f64; 3] {
        let all = probabilities(of);
        // From the middle, so that large counts do not round.
        let middle = f64::from(all[all.len() / 2].0);
        let mean = middle + all.iter().map(|&(k, p)| (f64::from(k) - middle) * p).sum::<f64>();
        let central = |power: i32| all.iter().map(|&(k, p)| (f64::from(k) - mean).powi(power) * p).sum::<f64>();
        [mean, central(2), central(3)]
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        for (trials, probability) in [
            (1, 0.3),
            (7, 0.5),
            (1000, 0.001),
            (1000, 0.9),
            (100_000, 0.25),
            (4_000_000_000, 1e-9),
            (4_000_000_000, 0.37),
        ] {
            let (n, p, q) = (f64::from(trials), probability, 1.0 - probability);
            let [mean, variance, third] = moments(&Binomial::new(trials, probability).unwrap());
            let deviation = (n * p * q).sqrt();
            assert!((mean - n * p).abs() < 1e-9 * deviation, "{trials} {p}: {mean}");
            assert!((variance - n * p * q).abs() < 1e-8 * n * p * q, "{trials} {p}: {variance}");
            assert!((third - n * p * q * (q - p)).abs() < 1e-7 * deviation.powi(3), "{trials} {p}: {third}");
        }
    }

    #[test]
    fn probabilities_are_exact() {
        // 10!/(k! (10 - k)!) 0.3^k 0.7^(10 - k)
        let coefficients = [1.0, 10.0, 45.0, 120.0, 210.0, 252.0, 210.0, 120.0, 45.0, 10.0, 1.0];
        let found = probabilities(&Binomial::new(10, 0.3).unwrap());
        assert_eq!(found.len(), 11);
        for ((k, found), coefficient) in found.into_iter().zip(coefficients) {
            let expected = coefficient * 0.3_f64.powi(k as i32) * 0.7_f64.powi(10 - k as i32);
            assert!((found - expected).abs() < 1e-15, "{k}: {found} {expected}");
        }
    }

    #[test]
    fn counts_are_inverses_of_sums() {
        for (trials, probability) in [(10, 0.3), (1000, 0.01), (50_000, 0.5)] {
            let binomial = Binomial::new(trials, probability).unwrap();
            let mut begin = 0.0;
            for (place, &sum) in binomial.sums.iter().enumerate() {
                let k = binomial.first + place as u32;
                if begin < 1.0 && sum > begin {
                    assert_eq!(binomial.of(begin), k);
                    let end = sum.min(1.0).next_down();
                    assert_eq!(binomial.of(end.max(begin)), k);
                }
                begin = sum;
            }
        }
    }

    #[test]
    fn certain_outcomes_have_no_others() {
        for uniform in [0.0, 0.5, 1.0_f64.next_down()] {
            assert_eq!(Binomial::new(0, 0.5).unwrap().of(uniform), 0);
            assert_eq!(Binomial::new(9, 0.0).unwrap().of(uniform), 0);
            assert_eq!(Binomial::new(9, 1.0).unwrap().of(uniform), 9);
        }
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert_eq!(Binomial::new(9, wrong), None);
        }
    }
}
