//! The known word that an unknown one was probably meant to be.

use strsim::levenshtein;

/// Words longer than this are not compared, which bounds the work.
const LONGEST: usize = 100;
/// Of so many known words at most.
const MOST: usize = 5_000;

/// The nearest of `known`, if it is near: up to a third of the letters differ.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    let folded = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .take(MOST)
        .filter(|candidate| *candidate != word)
        .map(|candidate| (levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= length.max(candidate.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_only() {
        let known = ["tau_syn_ex", "tau_syn_in", "all_to_all", "size", "V_m"];
        assert_eq!(nearest("tau_syn_x", known).as_deref(), Some("tau_syn_ex"));
        assert_eq!(nearest("all-to-all", known).as_deref(), Some("all_to_all"));
        assert_eq!(nearest("Size", known).as_deref(), Some("size"));
        assert_eq!(nearest("v_m", known).as_deref(), Some("V_m"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
