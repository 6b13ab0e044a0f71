//! What a MAT file holds: one tree of values, whichever version wrote it.

/// A value of MATLAB. Elements stand in its order: down the columns first.
#[derive(Debug, Clone, PartialEq)]
pub enum MatValue {
    /// Numbers of any class, truth values among them.
    Numbers(Numbers),
    /// The rows of a character array, without blanks at their ends.
    Text(Vec<String>),
    /// A cell array.
    Cell {
        /// Lengths of its dimensions.
        dims: Vec<usize>,
        /// One for each element.
        items: Vec<MatValue>,
    },
    /// A struct, or an array of them.
    Struct {
        /// Lengths of its dimensions.
        dims: Vec<usize>,
        /// Names, and the value of each element.
        fields: Vec<(String, Vec<MatValue>)>,
    },
    /// A sparse matrix.
    Sparse(Sparse),
    /// What has no value outside of MATLAB: function handles, objects.
    Other {
        /// What MATLAB calls its class.
        class: String,
    },
}

/// An array of numbers as f64; whole numbers beyond 2^53 are rounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Lengths of its dimensions, two or more.
    pub dims: Vec<usize>,
    /// Whether its class is one of whole numbers or truth values, so that no value can be missing.
    pub is_whole: bool,
    /// Whether it has imaginary parts.
    pub is_complex: bool,
    /// Real parts; `None` where only the shape was asked for.
    pub real: Option<Vec<f64>>,
    /// Imaginary parts, of a complex array that was asked for.
    pub imaginary: Option<Vec<f64>>,
}

/// A matrix of which only the elements are stored that may differ from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse {
    /// Rows and columns.
    pub dims: [usize; 2],
    /// The row of each stored element, from 0.
    pub rows: Vec<usize>,
    /// Where each column begins among the stored elements, and where the last one ends.
    pub column_starts: Vec<usize>,
    /// Stored elements, down the columns.
    pub real: Vec<f64>,
    /// Their imaginary parts, where the matrix is complex.
    pub imaginary: Option<Vec<f64>>,
}

impl MatValue {
    /// The field of a single struct.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct { fields, .. } => {
                let (_, values) = fields.iter().find(|(field, _)| field == name)?;
                if let [value] = &values[..] { Some(value) } else { None }
            }
            _ => None,
        }
    }

    /// A text of one row; an empty array is an empty text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(rows) => match &rows[..] {
                [] => Some(""),
                [row] => Some(row),
                _ => None,
            },
            Self::Numbers(numbers) if numbers.is_empty() => Some(""),
            _ => None,
        }
    }

    /// The number of an array of one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Numbers(Numbers { real: Some(real), is_complex: false, .. }) => {
                if let [value] = real[..] {
                    Some(value)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// A list of texts: a cell of them, or the rows of a character array.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(rows) => Some(rows.clone()),
            Self::Cell { items, .. } => items.iter().map(|item| item.text().map(str::to_owned)).collect(),
            _ => None,
        }
    }

    /// What it is, in words: `a 1 x 4 cell array`.
    pub fn told(&self) -> String {
        match self {
            Self::Numbers(numbers) => {
                let kind = if numbers.is_complex { "complex numbers" } else { "numbers" };
                format!("{} {kind}", dims_text(&numbers.dims))
            }
            Self::Text(_) => "text".to_owned(),
            Self::Cell { dims, .. } => format!("a {} cell array", dims_text(dims)),
            Self::Struct { dims, .. } if dims.iter().product::<usize>() == 1 => "a struct".to_owned(),
            Self::Struct { dims, .. } => format!("a {} array of structs", dims_text(dims)),
            Self::Sparse(sparse) => format!("a sparse matrix of {}", dims_text(&sparse.dims)),
            Self::Other { class } => format!("of class {class}, which means nothing outside of MATLAB"),
        }
    }
}

impl Numbers {
    /// How many.
    pub fn len(&self) -> usize {
        // Dimensions were held against the length of the file.
        self.dims.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `3 x 4`.
pub(crate) fn dims_text(dims: &[usize]) -> String {
    let lengths: Vec<String> = dims.iter().map(usize::to_string).collect();
    lengths.join(" x ")
}

/// The value at a path: `data.cfg.fs`, `chanlocs(3).labels`, `data.trial{2}`; elements are counted from 1.
pub fn find<'a>(variables: &'a [(String, MatValue)], path: &str) -> Option<&'a MatValue> {
    let end = path.find(['.', '(', '{']).unwrap_or(path.len());
    let (name, mut rest) = path.split_at(end);
    let mut value = &variables.iter().find(|(variable, _)| variable == name)?.1;
    // An element of an array of structs, before its field is named.
    let mut element: Option<usize> = None;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '(', '{']).unwrap_or(after.len());
            let (field, after) = after.split_at(end);
            let MatValue::Struct { fields, .. } = value else { return None };
            let (_, values) = fields.iter().find(|(name, _)| name == field)?;
            value = match (element.take(), &values[..]) {
                (Some(number), values) => values.get(number)?,
                (None, [value]) => value,
                _ => return None,
            };
            rest = after;
            continue;
        }
        let close = if rest.starts_with('{') { '}' } else { ')' };
        let (inside, after) = rest.get(1..)?.split_once(close)?;
        let number = inside.parse::<usize>().ok()?.checked_sub(1)?;
        match value {
            MatValue::Cell { items, .. } if close == '}' => value = items.get(number)?,
            MatValue::Struct { .. } if close == ')' && element.is_none() => element = Some(number),
            _ => return None,
        }
        rest = after;
    }
    if element.is_some_and(|number| number > 0) { None } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> MatValue {
        let real = Some(vec![value]);
        MatValue::Numbers(Numbers { dims: vec![1, 1], is_whole: false, is_complex: false, real, imaginary: None })
    }

    fn fields(dims: [usize; 2], fields: Vec<(&str, Vec<MatValue>)>) -> MatValue {
        let fields = fields.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        MatValue::Struct { dims: dims.to_vec(), fields }
    }

    #[test]
    fn paths_lead_through_structs_and_cells() {
        let places = fields([1, 2], vec![("x", vec![number(1.0), number(2.0)])]);
        let cell = MatValue::Cell {
            dims: vec![1, 2],
            items: vec![number(3.0), fields([1, 1], vec![("y", vec![number(4.0)])])],
        };
        let data = fields([1, 1], vec![("places", vec![places]), ("trial", vec![cell])]);
        let variables = [("data".to_owned(), data)];
        for (path, due) in [
            ("data.places(1).x", Some(1.0)),
            ("data(1).places(2).x", Some(2.0)),
            ("data.trial{1}", Some(3.0)),
            ("data.trial{2}.y", Some(4.0)),
            // Which of several, more than there are, another kind, no end, nothing.
            ("data.places.x", None),
            ("data.places(3).x", None),
            ("data.places(0).x", None),
            ("data.trial(1)", None),
            ("data.trial{3}", None),
            ("data.trial{1", None),
            ("data.trial{-1}", None),
            ("data..x", None),
            ("data(2)", None),
            ("datum", None),
            ("", None),
        ] {
            assert_eq!(find(&variables, path).and_then(MatValue::number), due, "{path}");
        }
    }

    #[test]
    fn values_tell_what_they_are() {
        let text = MatValue::Text(vec!["Cz".to_owned(), "Pz".to_owned()]);
        assert_eq!((text.text(), text.texts().unwrap().len()), (None, 2));
        assert_eq!(MatValue::Text(Vec::new()).text(), Some(""));
        let cell = MatValue::Cell { dims: vec![1, 2], items: vec![text, number(1.0)] };
        assert_eq!((cell.texts(), cell.told().as_str()), (None, "a 1 x 2 cell array"));
        assert_eq!(fields([2, 3], Vec::new()).told(), "a 2 x 3 array of structs");
    }
}
