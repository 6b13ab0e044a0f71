//! entropy_pairs, and the three-letter alphabet it shares with transition_variance.
//!
//! A sample gets the letter 0, 1 or 2 by the Hazen quantiles at 1/3 and 2/3: y <= Q(1/3), <=
//! Q(2/3), above.
//! entropy_pairs: -sum p ln p over the nine pairs of successive letters; v1 adds the Miller-Madow
//! correction max(0, nonempty - 5) / (2 (n - 1)).

use super::Definitions;
use super::quantile::hazen_pair;

/// Counts of successive letters: `[earlier][later]`.
pub(super) type PairCounts = [[u32; 3]; 3];

const THIRD: f64 = 1.0 / 3.0;
/// Levels of the quantiles between letters.
pub(super) const THIRDS: [f64; 2] = [THIRD, THIRD + THIRD];

/// Letters of `values` by their own thirds.
pub(super) fn letters(values: &[f64], letters: &mut Vec<u8>, scratch: &mut Vec<f64>) {
    letters_between(values, hazen_pair(values, THIRDS, scratch), letters);
}

pub(super) fn letters_between(values: &[f64], [lower, upper]: [f64; 2], letters: &mut Vec<u8>) {
    letters.clear();
    letters.extend(values.iter().map(|&y| u8::from(y > lower) + u8::from(y > upper)));
}

pub(super) fn successive_pairs(letters: &[u8]) -> PairCounts {
    // Pair codes on the diagonal repeat often; two tables in turn keep an increment from waiting
    // for the one before.
    let mut counts = [[0_u32; 16]; 2];
    for (i, [earlier, later]) in letters.array_windows().enumerate() {
        counts[i % 2][usize::from((earlier * 4 + later) % 16)] += 1;
    }
    std::array::from_fn(|a| std::array::from_fn(|b| counts[0][a * 4 + b] + counts[1][a * 4 + b]))
}

pub(super) fn pair_entropy(pairs: &PairCounts, definitions: Definitions) -> f64 {
    let total = f64::from(pairs.as_flattened().iter().sum::<u32>());
    let nonempty = pairs.as_flattened().iter().filter(|count| **count > 0);
    let entropy: f64 = nonempty
        .clone()
        .map(|&count| {
            let p = f64::from(count) / total;
            -p * p.ln()
        })
        .sum();
    match definitions {
        Definitions::V1 => entropy + (nonempty.count() as f64 - 5.0).max(0.0) / (2.0 * total),
        Definitions::V0 => entropy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_and_pairs() {
        let values = [5.0, 1.0, 3.0, 2.0, 6.0, 4.0];
        let mut word = Vec::new();
        letters(&values, &mut word, &mut Vec::new());
        assert_eq!(word, [2, 0, 1, 0, 2, 1]);
        let pairs = successive_pairs(&word);
        assert_eq!(pairs, [[0, 1, 1], [1, 0, 0], [1, 1, 0]]);
        let plain = 5.0_f64.ln();
        assert!((pair_entropy(&pairs, Definitions::V0) - plain).abs() < 1e-15);
        assert!((pair_entropy(&pairs, Definitions::V1) - plain).abs() < 1e-15);
    }
}
