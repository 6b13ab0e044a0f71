//! The functions that equations know by themselves.

/// A function of equations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are what their names say")]
pub enum Function {
    Sin,
    Cos,
    Tan,
    Sinh,
    Cosh,
    Tanh,
    Arcsin,
    Arccos,
    Arctan,
    Exp,
    Log,
    Log10,
    Expm1,
    Log1p,
    /// (exp(x) - 1)/x, and 1 at 0.
    Exprel,
    Sqrt,
    Abs,
    Ceil,
    Floor,
    /// -1, 0 or 1.
    Sign,
    /// `clip(x, low, high)`
    Clip,
    /// Of a boolean 1 or 0, of a number the integer next to it towards 0.
    Int,
    /// Uniform between 0 and 1, drawn anew with each call.
    Rand,
    /// Of the standard normal distribution, drawn anew with each call.
    Randn,
    /// `poisson(mean)`, drawn anew with each call.
    Poisson,
    /// `timestep(t, dt)`: the number of the step at a time.
    Timestep,
}

/// All functions with their names.
pub const FUNCTIONS: [(&str, Function); 26] = [
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("tanh", Function::Tanh),
    ("arcsin", Function::Arcsin),
    ("arccos", Function::Arccos),
    ("arctan", Function::Arctan),
    ("exp", Function::Exp),
    ("log", Function::Log),
    ("log10", Function::Log10),
    ("expm1", Function::Expm1),
    ("log1p", Function::Log1p),
    ("exprel", Function::Exprel),
    ("sqrt", Function::Sqrt),
    ("abs", Function::Abs),
    ("ceil", Function::Ceil),
    ("floor", Function::Floor),
    ("sign", Function::Sign),
    ("clip", Function::Clip),
    ("int", Function::Int),
    ("rand", Function::Rand),
    ("randn", Function::Randn),
    ("poisson", Function::Poisson),
    ("timestep", Function::Timestep),
];

impl Function {
    /// The function of this name.
    pub fn named(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(known, _)| *known == name).map(|&(_, function)| function)
    }

    /// How many arguments it takes.
    pub fn arguments(self) -> usize {
        match self {
            Self::Rand | Self::Randn => 0,
            Self::Timestep => 2,
            Self::Clip => 3,
            _ => 1,
        }
    }

    /// Whether each call gives a new value.
    pub fn is_stateful(self) -> bool {
        matches!(self, Self::Rand | Self::Randn | Self::Poisson)
    }
}
