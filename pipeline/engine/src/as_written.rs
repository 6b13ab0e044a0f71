//! What users wrote, where values do not show it: YAML reads `001` as the number 1 and `1e3` as 1000, but a name stays as it was written.

use std::collections::BTreeMap;

/// The text of scalars that a value does not show as they were written, by dotted path.
pub type Written = BTreeMap<String, String>;

/// Puts what was written below `field` in the place of what was known of it; `new` has paths of its own.
pub fn replace_written(written: &mut Written, field: &str, new: &Written) {
    let below = format!("{field}.");
    written.retain(|path, _| path != field && !path.starts_with(&below));
    for (path, text) in new {
        let path = if path.is_empty() { field.to_owned() } else { format!("{below}{path}") };
        written.insert(path, text.clone());
    }
}

/// What was written below `field`, with paths that start there.
pub(crate) fn written_below(written: &Written, field: &str) -> Written {
    let below = format!("{field}.");
    let entries = written.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
    entries.map(|(path, text)| (path[below.len()..].to_owned(), text.clone())).collect()
}

/// Where a value stands: a list from the leaf to the root.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    pub(crate) fn text(&self) -> String {
        let below = |parent: &Path<'_>, name: &str| match parent {
            Path::Root => name.to_owned(),
            parent => format!("{}.{name}", parent.text()),
        };
        match self {
            Self::Root => String::new(),
            Self::Key(parent, name) => below(parent, name),
            Self::Item(parent, number) => below(parent, &number.to_string()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
