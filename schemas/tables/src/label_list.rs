//! Names of samples, one after the other in one text: a million take half of what as many strings take.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Labels in the order of their samples; a copy is another handle on the same text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Labels(Arc<Packed>);

#[derive(Default, PartialEq, Eq)]
struct Packed {
    text: String,
    /// Where each label ends.
    ends: Vec<usize>,
}

impl Labels {
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, number: usize) -> Option<&str> {
        let end = *self.0.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.0.ends[before]);
        Some(&self.0.text[start..end])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|number| &self[number])
    }

    /// Whether both are handles on one text.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Index<usize> for Labels {
    type Output = str;

    fn index(&self, number: usize) -> &str {
        let ends = &self.0.ends;
        let start = if number == 0 { 0 } else { ends[number - 1] };
        &self.0.text[start..ends[number]]
    }
}

impl<T: fmt::Display> FromIterator<T> for Labels {
    fn from_iter<I: IntoIterator<Item = T>>(labels: I) -> Self {
        let labels = labels.into_iter();
        let mut packed = Packed { text: String::new(), ends: Vec::with_capacity(labels.size_hint().0) };
        for label in labels {
            use fmt::Write;
            // Writing to a string does not fail; a label that cannot be shown is empty.
            let _ = write!(packed.text, "{label}");
            packed.ends.push(packed.text.len());
        }
        packed.text.shrink_to_fit();
        Self(Arc::new(packed))
    }
}

impl From<Vec<String>> for Labels {
    fn from(labels: Vec<String>) -> Self {
        labels.into_iter().collect()
    }
}

impl From<Labels> for Vec<String> {
    fn from(labels: Labels) -> Self {
        labels.iter().map(str::to_owned).collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_are_those_that_were_put_in(names: Vec<String>) {
            let labels = Labels::from(names.clone());
            prop_assert_eq!(labels.len(), names.len());
            prop_assert_eq!(labels.iter().collect::<Vec<_>>(), names.clone());
            for (number, name) in names.iter().enumerate() {
                prop_assert_eq!(labels.get(number), Some(name.as_str()));
                prop_assert_eq!(&labels[number], name.as_str());
            }
            prop_assert_eq!(labels.get(names.len()), None);
            prop_assert_eq!(Vec::<String>::from(labels), names);
        }
    }
}
