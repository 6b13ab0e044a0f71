//! The command line: words with placeholders, or a line for a shell.
//!
//! `{points}` is the file of an input, `{output}` the file to write, `{config.x}` a value of `config`, `{seed}` a number for
//! each sample, `{folder}` the folder of the pipeline file; `{{` and `}}` are braces. What is in braces and is no name stays as it is.

use std::collections::BTreeMap;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// A placeholder.
    Name(String),
}

/// A word: its pieces stand behind each other.
pub(super) type Word = Vec<Piece>;

/// The pieces of a text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let doubled = ["{{", "}}"].iter().find(|braces| rest.starts_with(**braces));
        if doubled.is_some() {
            plain.push(c);
            rest = &rest[2..];
            continue;
        }
        if let Some(name) = placeholder(rest) {
            if !plain.is_empty() {
                found.push(Piece::Text(std::mem::take(&mut plain)));
            }
            found.push(Piece::Name(name.to_owned()));
            rest = &rest[name.len() + 2..];
            continue;
        }
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    if !plain.is_empty() {
        found.push(Piece::Text(plain));
    }
    found
}

fn placeholder(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_name.then_some(name)
}

/// The words of a command line: parted by blanks, but for those within quotation marks; a backslash keeps the next character
/// as it is outside of single ones. `None` where a quotation has no end.
pub(super) fn words(line: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(mark), c) if c == mark => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().push(characters.next()?),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word);
    Some(
        words
            .iter()
            .map(|word| if word.is_empty() { vec![Piece::Text(String::new())] } else { pieces(word) })
            .collect(),
    )
}

/// A word with values in the places of its placeholders.
pub(super) fn filled(word: &[Piece], values: &BTreeMap<String, String>, quote: fn(&str) -> String) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        // All placeholders were checked when the stage was bound.
        Piece::Name(name) => quote(values.get(name).map(String::as_str).unwrap_or_default()),
    };
    word.iter().map(piece).collect()
}

/// A value as one word of a shell.
pub(super) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

pub(super) fn plain(value: &str) -> String {
    value.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn name(name: &str) -> Piece {
        Piece::Name(name.to_owned())
    }

    #[test]
    fn words_keep_what_is_quoted_together() {
        let found = words(r#"Rscript 'my fit.R' --k={config.k} "{points}" a\ b "" "#).unwrap();
        let expected = [
            vec![text("Rscript")],
            vec![text("my fit.R")],
            vec![text("--k="), name("config.k")],
            vec![name("points")],
            vec![text("a b")],
            vec![text("")],
        ];
        assert_eq!(found, expected);
        assert_eq!(words("a 'b"), None);
        assert_eq!(words(" "), Some(Vec::new()));
    }

    #[test]
    fn braces_of_other_languages_stay() {
        assert_eq!(pieces("{print $1} {{next}} {output}"), [text("{print $1} {next} "), name("output")]);
    }

    proptest! {
        #[test]
        fn text_without_braces_and_quotations_stays(line in "[^{}'\"\\\\\0]*") {
            let found: Vec<String> = words(&line).unwrap().iter().map(|word| filled(word, &BTreeMap::new(), plain)).collect();
            let expected: Vec<&str> = line.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_line_has_words_or_none(line in "\\PC*") {
            let _ = words(&line);
            let _ = pieces(&line);
        }

        #[test]
        fn a_shell_gives_back_what_was_quoted(value in "[^\0]*") {
            let answer = std::process::Command::new("/bin/sh")
                .arg("-c")
                .arg(format!("printf %s {}", quoted(&value)))
                .output()
                .unwrap();
            prop_assert_eq!(answer.stdout, value.into_bytes());
        }
    }
}
