//! Equations as templates: names replaced by other names, or by values.

use super::error::{LanguageError, Problem};
use super::lexer::{TokenKind, tokens};
use super::names::reserved;
use super::statement::AssignmentOperator;

/// The text of a block of equations with `replacements` in the place of names: `("tau", "tau_e")` names another variable,
/// `("tau", "5*ms")` puts in a value, in parentheses. `dx/dt` becomes `dy/dt` with `("x", "y")`. Units and flags are left
/// alone. All are replaced at once, so two names can change places.
///
/// # Errors
/// Characters that have no meaning, and names to be replaced that cannot be those of variables.
pub fn replace_names(source: &str, replacements: &[(&str, &str)]) -> Result<String, LanguageError> {
    let tokens = tokens(source)?;
    for &(name, _) in replacements {
        if let Some(reason) = reserved(name) {
            let problem = Problem::Reserved { name: name.to_owned(), reason };
            return Err(LanguageError::new(problem, super::span::Span::default()));
        }
    }
    let replacement = |name: &str| replacements.iter().find(|(old, _)| *old == name).map(|&(_, new)| new);
    let mut text = String::with_capacity(source.len());
    let mut copied = 0;
    let mut behind_colon = false;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Colon => behind_colon = true,
            TokenKind::Newline => behind_colon = false,
            TokenKind::Name if !behind_colon => {
                let name = token.span.text(source);
                let at = |ahead: usize| tokens.get(index + ahead);
                let by_time = at(1).is_some_and(|next| next.kind == TokenKind::Slash)
                    && at(2).is_some_and(|next| next.span.text(source) == "dt")
                    && at(3).is_some_and(|next| next.kind == TokenKind::Assign(AssignmentOperator::Assign));
                let (start, new) = match (replacement(name), name.strip_prefix('d').and_then(replacement)) {
                    (Some(new), _) => (token.span.start, new),
                    (None, Some(new)) if by_time => (token.span.start + 1, new),
                    _ => continue,
                };
                text.push_str(source.get(copied..start as usize).unwrap_or(""));
                if is_name(new) {
                    text.push_str(new);
                } else {
                    text.extend(["(", new, ")"]);
                }
                copied = token.span.end as usize;
            }
            _ => {}
        }
    }
    text.push_str(source.get(copied..).unwrap_or(""));
    Ok(text)
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
