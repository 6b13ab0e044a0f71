//! What serde says, in words of users.

use serde::de::Unexpected;

use crate::suggestion::nearest;

pub(super) fn unknown(what: &str, found: &str, allowed: &[&str]) -> String {
    let near = nearest(found, allowed.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let allowed =
        if allowed.is_empty() { "none is allowed".to_owned() } else { format!("allowed: {}", allowed.join(", ")) };
    format!("unknown {what} `{}`{} ({allowed})", short(found), near.unwrap_or_default())
}

/// What serde's derives expect, for people. What kinds expect in words of their own stays as it is.
pub(super) fn in_words(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "u128" | "usize" => "a whole number >= 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "str" | "a borrowed string" => "a string".to_owned(),
        "a boolean" | "bool" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "unit" => "nothing".to_owned(),
        "option" => "a value or nothing".to_owned(),
        "variant identifier" | "field identifier" => "a name".to_owned(),
        other => {
            let counted = other.strip_prefix("an array of length ").or_else(|| other.strip_prefix("a tuple of size "));
            match counted {
                Some(count) => format!("a list of {count} values"),
                None if ["struct ", "unit struct ", "newtype struct ", "tuple struct ", "enum "]
                    .iter()
                    .any(|start| other.starts_with(start)) =>
                {
                    "a map".to_owned()
                }
                None => other.to_owned(),
            }
        }
    }
}

pub(super) fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("`{number}`"),
        Unexpected::Signed(number) => format!("`{number}`"),
        Unexpected::Float(number) => format!("`{number}`"),
        Unexpected::Char(letter) => format!("`{letter}`"),
        Unexpected::Str(text) if text.trim().parse::<f64>().is_ok() => {
            format!("the string `{}` (a number has no quotation marks)", short(text))
        }
        Unexpected::Str("") => "an empty string".to_owned(),
        Unexpected::Str(text) => format!("`{}`", short(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "a map".to_owned(),
        _ => "another value".to_owned(),
    }
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown += "...";
    }
    shown
}
