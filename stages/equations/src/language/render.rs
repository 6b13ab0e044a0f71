//! Errors as text with the lines that they are about.

use std::fmt::Write as _;

use super::error::LanguageError;
use super::span::Span;

/// Longer lines are shown in part.
const WIDTH: usize = 100;

impl LanguageError {
    /// The message, then each place with its line of the text that was read and a row of carets.
    pub fn render(&self, source: &str) -> String {
        let (line, column) = self.line_and_column(source);
        let mut text = format!("{}\n  at line {line}, column {column}", self.problem);
        place(&mut text, source, self.span, '^', "");
        for (span, what) in &self.related {
            place(&mut text, source, *span, '-', what);
        }
        text
    }
}

/// One line of the source with marks below `span`, as far as it lies on its first line.
pub(crate) fn place(text: &mut String, source: &str, span: Span, mark: char, what: &str) {
    let start = floor(source, span.start as usize);
    let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = source[start..].find('\n').map_or(source.len(), |length| start + length);
    let end = floor(source, span.end as usize).clamp(start, line_end);
    let (number, _) = span.line_and_column(source);

    let before: Vec<char> = source[line_start..start].chars().map(plain).collect();
    let marked: Vec<char> = source[start..end].chars().map(plain).take(WIDTH).collect();
    let after: Vec<char> = source[end..line_end].chars().map(plain).take(WIDTH).collect();
    let (cut, kept) =
        if before.len() > WIDTH / 2 { ("...", &before[before.len() - WIDTH / 2..]) } else { ("", &before[..]) };
    let shown: String = kept.iter().chain(&marked).chain(&after).take(WIDTH).collect();
    let gutter = number.to_string();
    let indent = " ".repeat(gutter.len());
    let marks = mark.to_string().repeat(marked.len().max(1));
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n{indent} |\n{gutter} | {cut}{shown}\n{indent} | {}{marks} {what}",
        " ".repeat(cut.len() + kept.len())
    );
    text.truncate(text.trim_end().len());
}

/// Tabs and other control characters are one blank wide, so that marks stand where they should.
fn plain(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

/// The last boundary of characters that is not after `byte`.
fn floor(source: &str, byte: usize) -> usize {
    let mut byte = byte.min(source.len());
    while !source.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
