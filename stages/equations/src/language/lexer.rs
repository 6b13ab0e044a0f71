//! From text to tokens.

use super::error::{LanguageError, Problem};
use super::span::Span;
use super::statement::AssignmentOperator;

/// Longer texts are refused.
pub(super) const LONGEST_TEXT: usize = 16 << 20;

/// A word, number or sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Name,
    Plus,
    Minus,
    Star,
    DoubleStar,
    Slash,
    DoubleSlash,
    Percent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    EqualEqual,
    NotEqual,
    Assign(AssignmentOperator),
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    Dot,
    Quote,
    Newline,
    Semicolon,
    End,
}

/// Signs, the longer first.
const SIGNS: [(&str, TokenKind); 30] = [
    ("**", TokenKind::DoubleStar),
    ("//", TokenKind::DoubleSlash),
    ("<=", TokenKind::LessOrEqual),
    (">=", TokenKind::GreaterOrEqual),
    ("==", TokenKind::EqualEqual),
    ("!=", TokenKind::NotEqual),
    ("+=", TokenKind::Assign(AssignmentOperator::Add)),
    ("-=", TokenKind::Assign(AssignmentOperator::Subtract)),
    ("*=", TokenKind::Assign(AssignmentOperator::Multiply)),
    ("/=", TokenKind::Assign(AssignmentOperator::Divide)),
    ("%=", TokenKind::Assign(AssignmentOperator::Remainder)),
    ("=", TokenKind::Assign(AssignmentOperator::Assign)),
    ("+", TokenKind::Plus),
    ("-", TokenKind::Minus),
    ("*", TokenKind::Star),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("<", TokenKind::Less),
    (">", TokenKind::Greater),
    ("(", TokenKind::OpenParenthesis),
    (")", TokenKind::CloseParenthesis),
    ("[", TokenKind::OpenBracket),
    ("]", TokenKind::CloseBracket),
    (",", TokenKind::Comma),
    (":", TokenKind::Colon),
    (".", TokenKind::Dot),
    ("'", TokenKind::Quote),
    ("\"", TokenKind::Quote),
    ("\n", TokenKind::Newline),
    (";", TokenKind::Semicolon),
];

/// All tokens of a text, with [`TokenKind::End`] last. Blanks, comments and line breaks behind a backslash are left out.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, LanguageError> {
    if source.len() > LONGEST_TEXT {
        let problem = Problem::TextTooLong { bytes: source.len(), limit: LONGEST_TEXT };
        return Err(LanguageError::new(problem, Span::default()));
    }
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += source[at..].find('\n').unwrap_or(source.len() - at);
                continue;
            }
            b'\\' if source[at + 1..].starts_with('\n') || source[at + 1..].starts_with("\r\n") => {
                at += source[at..].find('\n').map_or(1, |length| length + 1);
                continue;
            }
            b'0'..=b'9' => number(source, &mut at)?,
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => number(source, &mut at)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                at += length_of(&bytes[at..], |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                TokenKind::Name
            }
            _ => match SIGNS.iter().find(|(sign, _)| source[at..].starts_with(sign)) {
                Some((sign, kind)) => {
                    at += sign.len();
                    *kind
                }
                None => {
                    let found = source[at..].chars().next().unwrap_or(' ');
                    let span = span(at, at + found.len_utf8());
                    return Err(LanguageError::new(Problem::Character { found }, span));
                }
            },
        };
        tokens.push(Token { kind, span: span(start, at) });
    }
    tokens.push(Token { kind: TokenKind::End, span: span(source.len(), source.len()) });
    Ok(tokens)
}

/// Digits with a point and an exponent, as Python has them, but for `_`, `0x` and `j`.
fn number(source: &str, at: &mut usize) -> Result<TokenKind, LanguageError> {
    let bytes = source.as_bytes();
    let start = *at;
    let digits = |from: usize| length_of(&bytes[from..], |byte| byte.is_ascii_digit());
    let mut end = start + digits(start);
    if bytes.get(end) == Some(&b'.') {
        end += 1;
        end += digits(end);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    if let Some(found) = source[end..].chars().next()
        && (found.is_alphanumeric() || found == '_' || found == '.')
    {
        let span = span(start, end + found.len_utf8());
        return Err(LanguageError::new(Problem::NumberEnding { found }, span));
    }
    *at = end;
    match source[start..end].parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(TokenKind::Number(value)),
        Ok(_) | Err(_) => Err(LanguageError::new(Problem::NumberTooLarge, span(start, end))),
    }
}

fn length_of(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| belongs(byte)).count()
}

/// Texts are shorter than 4 GiB.
fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end as u32)
}
