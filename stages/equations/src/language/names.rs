//! Which names variables may have.

use super::error::Reserved;
use super::functions::Function;
use crate::units;

/// Words of Python, as of 3.13.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Whether the name is a word of Python.
pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// Whether the name is that of white noise: `xi`, or `xi_` with something behind it.
pub fn is_noise(name: &str) -> bool {
    name == "xi" || name.starts_with("xi_")
}

/// Why no variable of a model can have this name; none where one can.
pub fn reserved(name: &str) -> Option<Reserved> {
    if is_keyword(name) {
        Some(Reserved::Keyword)
    } else if name.starts_with('_') {
        Some(Reserved::Underscore)
    } else if is_noise(name) || ["t", "dt", "t_in_timesteps", "i", "N"].contains(&name) {
        Some(Reserved::Meaning)
    } else if ["not_refractory", "refractory", "refractory_until"].contains(&name) {
        Some(Reserved::Refractoriness)
    } else if units::unit(name).is_some() {
        Some(Reserved::Unit)
    } else if Function::named(name).is_some() {
        Some(Reserved::Function)
    } else if units::mathematical_constant(name).is_some() {
        Some(Reserved::Constant)
    } else {
        None
    }
}
