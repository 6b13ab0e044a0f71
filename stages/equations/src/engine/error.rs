//! Why something cannot be computed.

/// An expression, layout or program that the engine refuses.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// A name without a meaning.
    #[error("`{name}` is no variable, constant or quantity that this code can read")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// A function without a meaning.
    #[error("`{name}` is no function and no array over time")]
    UnknownFunction {
        /// The name.
        name: String,
    },
    /// A function called with too few or too many arguments.
    #[error("`{function}` takes {expected} arguments, but has {found}")]
    Arguments {
        /// The function.
        function: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A local variable that is changed before it has a value.
    #[error("`{name}` is changed before it has a value")]
    NoValueYet {
        /// The variable.
        name: String,
    },
    /// A variable that is one for all elements cannot have a value of each.
    #[error("`{name}` is shared by all elements, but what is written differs between them")]
    SharedFromEach {
        /// The variable.
        name: String,
    },
    /// Two columns of one name.
    #[error("variable `{name}`: there are two of this name")]
    Twice {
        /// The name.
        name: String,
    },
    /// The number of elements or of values does not fit.
    #[error("`{field}` = {value}: {allowed}")]
    OutOfRange {
        /// What has the value.
        field: &'static str,
        /// The value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A state that is not of the layout of the program.
    #[error(
        "the state has {found} columns of {elements} elements, but the program was made for {expected} columns of {of}"
    )]
    OtherLayout {
        /// Columns of the state.
        found: usize,
        /// Elements of the state.
        elements: usize,
        /// Columns of the program.
        expected: usize,
        /// Elements of the program.
        of: usize,
    },
    /// A linear system that has no solution in numbers.
    #[error("d{variable}/dt{} has a factor that is infinite, missing or far too large for the step", of(*element))]
    NoPropagator {
        /// In whose derivative.
        variable: String,
        /// Of which element, unless all have the same.
        element: Option<usize>,
    },
    /// An element that the state does not have.
    #[error("element {index}: there are {elements}")]
    NoElement {
        /// Its number.
        index: usize,
        /// How many there are.
        elements: usize,
    },
}

fn of(element: Option<usize>) -> String {
    element.map_or_else(String::new, |element| format!(" of element {element}"))
}
