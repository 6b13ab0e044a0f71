//! Which name was probably meant.

/// The candidate that is spelled most like a word, if any is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |c: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &c.to_lowercase());
    let near = candidates.into_iter().min_by_key(distance)?;
    (distance(&near) <= 1 + word.len() / 4).then_some(near)
}
