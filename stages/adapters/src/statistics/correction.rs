//! How p values of the same comparison or term, over channels and values, are corrected ([`lapicque_statistics::correction`]).

use std::collections::BTreeMap;

use lapicque_statistics::correction::{benjamini_hochberg, holm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Correction {
    #[default]
    Holm,
    Fdr,
    None,
}

impl Correction {
    /// The p values of each family by itself.
    pub(super) fn of_families(self, p: &[f64], families: &[&str]) -> Vec<f64> {
        let correct: fn(&[f64]) -> Vec<f64> = match self {
            Self::Holm => holm,
            Self::Fdr => benjamini_hochberg,
            Self::None => <[f64]>::to_vec,
        };
        let mut tests_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        families.iter().enumerate().for_each(|(test, family)| tests_of.entry(family).or_default().push(test));
        let mut corrected = vec![f64::NAN; p.len()];
        for tests in tests_of.values() {
            let of_family: Vec<f64> = tests.iter().map(|&test| p[test]).collect();
            tests.iter().zip(correct(&of_family)).for_each(|(&test, value)| corrected[test] = value);
        }
        corrected
    }
}
