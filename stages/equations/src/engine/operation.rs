//! What can be done with up to three numbers.

use crate::maths::exponential::{exp, expm1, exprel, tanh};
use crate::maths::logarithm::log;
use crate::maths::power::power;
use crate::maths::rounding::{clip, floor_divide, remainder, sign, timestep};
use crate::maths::{LANES, elementary, trigonometric};

/// A function of one to three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Negate,
    Not,
    Absolute,
    Sqrt,
    Floor,
    Ceil,
    Truncate,
    Sign,
    Exp,
    Expm1,
    Exprel,
    Log,
    Tanh,
    Sin,
    Cos,
    Tan,
    Sinh,
    Cosh,
    Arcsin,
    Arccos,
    Arctan,
    Log10,
    Log1p,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Timestep,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
    /// `b` where `a` is not 0, else `c`.
    Select,
    Clip,
    /// `a b + c`, rounded twice.
    MultiplyAdd,
    /// `a b - c`, rounded twice.
    MultiplySubtract,
    /// `c - a b`, rounded twice.
    SubtractMultiply,
}

/// 1 or 0.
#[inline(always)]
fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

impl Operation {
    /// How many numbers it takes.
    pub(crate) fn operands(self) -> usize {
        match self {
            Self::Add
            | Self::Subtract
            | Self::Multiply
            | Self::Divide
            | Self::FloorDivide
            | Self::Remainder
            | Self::Power
            | Self::Timestep
            | Self::Less
            | Self::LessOrEqual
            | Self::Equal
            | Self::NotEqual
            | Self::And
            | Self::Or => 2,
            Self::Select | Self::Clip | Self::MultiplyAdd | Self::MultiplySubtract | Self::SubtractMultiply => 3,
            _ => 1,
        }
    }

    /// Its value; operands that it does not have do not count. The same bits as the loops over vectors, which are made of
    /// the functions below.
    pub(crate) fn evaluate(self, [a, b, c]: [f64; 3]) -> f64 {
        match self.operands() {
            1 => match self {
                Self::Sin => trigonometric::sin([a; LANES])[0],
                Self::Cos => trigonometric::cos([a; LANES])[0],
                _ => self.of_one(a),
            },
            2 => self.of_two(a, b),
            _ => self.of_three(a, b, c),
        }
    }

    /// The value of an operation on one number other than sine and cosine, which are made for several at once; NaN for
    /// operations on more.
    #[inline(always)]
    pub(super) fn of_one(self, a: f64) -> f64 {
        match self {
            Self::Negate => -a,
            Self::Not => truth(a == 0.0),
            Self::Absolute => a.abs(),
            Self::Sqrt => a.sqrt(),
            Self::Floor => a.floor(),
            Self::Ceil => a.ceil(),
            Self::Truncate => a.trunc(),
            Self::Sign => sign(a),
            Self::Exp => exp(a),
            Self::Expm1 => expm1(a),
            Self::Exprel => exprel(a),
            Self::Log => log(a),
            Self::Tanh => tanh(a),
            Self::Tan => elementary::tan(a),
            Self::Sinh => elementary::sinh(a),
            Self::Cosh => elementary::cosh(a),
            Self::Arcsin => elementary::arcsin(a),
            Self::Arccos => elementary::arccos(a),
            Self::Arctan => elementary::arctan(a),
            Self::Log10 => elementary::log10(a),
            Self::Log1p => elementary::log1p(a),
            _ => f64::NAN,
        }
    }

    /// The value of an operation on two numbers; NaN for others.
    #[inline(always)]
    pub(super) fn of_two(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::FloorDivide => floor_divide(a, b),
            Self::Remainder => remainder(a, b),
            Self::Power => power(a, b),
            Self::Timestep => timestep(a, b),
            Self::Less => truth(a < b),
            Self::LessOrEqual => truth(a <= b),
            Self::Equal => truth(a == b),
            Self::NotEqual => truth(a != b),
            Self::And => truth(a != 0.0 && b != 0.0),
            Self::Or => truth(a != 0.0 || b != 0.0),
            _ => f64::NAN,
        }
    }

    /// The value of an operation on three numbers; NaN for others.
    #[inline(always)]
    pub(super) fn of_three(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Self::Select => {
                if a != 0.0 {
                    b
                } else {
                    c
                }
            }
            Self::Clip => clip(a, b, c),
            Self::MultiplyAdd => a * b + c,
            Self::MultiplySubtract => a * b - c,
            Self::SubtractMultiply => c - a * b,
            _ => f64::NAN,
        }
    }
}
