//! Where a piece of a text of a model stands in the file.
//!
//! YAML writes a text plainly, in quotes, or as a block below `|` or `>`, with indentation that is no part of it, and may
//! fold line breaks into blanks. Both are walked side by side: what is no white space must be the same, and a run of white
//! space matches any other. Texts with escapes have no such place.

use crate::language::span::Span;

/// The bytes of the file that are the bytes `span` of `value`, a text that begins at byte `start` of the file; none where
/// the file has it in another form.
pub(super) fn in_file(file: &str, start: usize, value: &str, span: Span) -> Option<Span> {
    let mut at = content(file, start)?;
    let (mut begin, mut behind) = (None, 0);
    let mut characters = value.char_indices().peekable();
    while let Some(&(byte, character)) = characters.peek() {
        if character.is_whitespace() {
            characters.next();
            continue;
        }
        if byte >= span.end as usize && begin.is_some() {
            break;
        }
        at += leading_space(file.get(at..)?);
        if !file.get(at..)?.starts_with(character) {
            return None;
        }
        if begin.is_none() && byte >= span.start as usize {
            begin = Some(at);
        }
        at += character.len_utf8();
        behind = at;
        characters.next();
    }
    // What is missing at the end is missing behind the last character.
    let begin = begin.unwrap_or(behind);
    let behind = if span.end <= span.start { begin } else { behind.max(begin) };
    Some(Span::new(u32::try_from(begin).ok()?, u32::try_from(behind).ok()?))
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Where the content of a text begins.
fn content(file: &str, start: usize) -> Option<usize> {
    let rest = file.get(start..)?;
    match rest.chars().next()? {
        '|' | '>' => rest.find('\n').map(|line| start + line + 1),
        '"' | '\'' => Some(start + 1),
        _ => Some(start),
    }
}
