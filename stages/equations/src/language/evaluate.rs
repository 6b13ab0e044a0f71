//! Values of expressions.

use super::error::{LanguageError, Problem};
use super::expression::{
    BinaryOperator, ComparisonOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator,
};
use super::functions::Function;

/// The value of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A number, in SI units.
    Number(f64),
}

/// The value of an expression whose names have the values that `values` gives. Units are not looked at.
///
/// # Errors
/// [`Problem::NotFixed`] for names without value and functions that draw random numbers or are not known, and truth
/// values and numbers in the place of each other.
pub fn evaluate(expression: &Expression, values: &impl Fn(&str) -> Option<Value>) -> Result<Value, LanguageError> {
    let number = |operand: &Expression, operator| match evaluate(operand, values)? {
        Value::Number(value) => Ok(value),
        Value::Boolean(_) => Err(LanguageError::new(Problem::BooleanOperand { operator }, operand.span)),
    };
    let boolean = |operand: &Expression, operator| match evaluate(operand, values)? {
        Value::Boolean(value) => Ok(value),
        Value::Number(_) => Err(LanguageError::new(Problem::NumberOperand { operator }, operand.span)),
    };
    Ok(match &expression.kind {
        ExpressionKind::Number(value) => Value::Number(*value),
        ExpressionKind::Boolean(value) => Value::Boolean(*value),
        ExpressionKind::Name(name) => {
            let reason = || Problem::NotFixed { reason: format!("`{name}` has none") };
            values(name).ok_or_else(|| LanguageError::new(reason(), expression.span))?
        }
        ExpressionKind::Unary { operator, operand } => match operator {
            UnaryOperator::Negative => Value::Number(-number(operand, "-")?),
            UnaryOperator::Positive => Value::Number(number(operand, "+")?),
            UnaryOperator::Not => Value::Boolean(!boolean(operand, "not")?),
        },
        ExpressionKind::Binary { operator, left, right } => {
            let symbol = operator.symbol();
            Value::Number(binary(*operator, number(left, symbol)?, number(right, symbol)?))
        }
        ExpressionKind::Comparison { first, rest } => {
            let mut left = evaluate(first, values)?;
            for (operator, operand) in rest {
                let right = evaluate(operand, values)?;
                if !compare(*operator, left, right) {
                    return Ok(Value::Boolean(false));
                }
                left = right;
            }
            Value::Boolean(true)
        }
        ExpressionKind::Logical { operator, operands } => {
            let decides = *operator == LogicalOperator::Or;
            let symbol = operator.symbol();
            for operand in operands {
                if boolean(operand, symbol)? == decides {
                    return Ok(Value::Boolean(decides));
                }
            }
            Value::Boolean(!decides)
        }
        ExpressionKind::Call { function, arguments } => {
            let given = arguments.iter().map(|argument| evaluate(argument, values)).collect::<Result<Vec<_>, _>>()?;
            let found = Function::named(function).and_then(|known| call(known, &given));
            let reason = || Problem::NotFixed { reason: format!("`{function}` has none here") };
            Value::Number(found.ok_or_else(|| LanguageError::new(reason(), expression.span))?)
        }
    })
}

/// The value of an operator of arithmetic; rounding down and remainders as in Python.
pub fn binary(operator: BinaryOperator, left: f64, right: f64) -> f64 {
    match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::Divide => left / right,
        BinaryOperator::FloorDivide => {
            let quotient = (left - remainder(left, right)) / right;
            let down = quotient.floor();
            if quotient - down > 0.5 { down + 1.0 } else { down }
        }
        BinaryOperator::Remainder => remainder(left, right),
        BinaryOperator::Power => libm::pow(left, right),
    }
}

/// The remainder with the sign of the divisor.
fn remainder(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
}

fn compare(operator: ComparisonOperator, left: Value, right: Value) -> bool {
    let ordering = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(&right),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(&right)),
        _ => None,
    };
    match operator {
        ComparisonOperator::Less => ordering.is_some_and(std::cmp::Ordering::is_lt),
        ComparisonOperator::LessOrEqual => ordering.is_some_and(std::cmp::Ordering::is_le),
        ComparisonOperator::Greater => ordering.is_some_and(std::cmp::Ordering::is_gt),
        ComparisonOperator::GreaterOrEqual => ordering.is_some_and(std::cmp::Ordering::is_ge),
        ComparisonOperator::Equal => ordering.is_some_and(std::cmp::Ordering::is_eq),
        ComparisonOperator::NotEqual => !ordering.is_some_and(std::cmp::Ordering::is_eq),
    }
}

/// The value of a function; none where it draws, or its arguments are not such as it takes.
fn call(function: Function, arguments: &[Value]) -> Option<f64> {
    if function == Function::Int
        && let [Value::Boolean(value)] = arguments
    {
        return Some(f64::from(u8::from(*value)));
    }
    let numbers = arguments.iter().map(|argument| match argument {
        Value::Number(value) => Some(*value),
        Value::Boolean(_) => None,
    });
    let numbers = numbers.collect::<Option<Vec<f64>>>()?;
    match (function, numbers.as_slice()) {
        (Function::Clip, &[value, low, high]) => Some(clip(value, low, high)),
        (Function::Timestep, &[time, step]) => Some(((time + 1e-3 * step) / step).trunc()),
        (function, &[x]) => of_one(function, x),
        _ => None,
    }
}

/// The value of a function of one number.
fn of_one(function: Function, x: f64) -> Option<f64> {
    Some(match function {
        Function::Sin => libm::sin(x),
        Function::Cos => libm::cos(x),
        Function::Tan => libm::tan(x),
        Function::Sinh => libm::sinh(x),
        Function::Cosh => libm::cosh(x),
        Function::Tanh => libm::tanh(x),
        Function::Arcsin => libm::asin(x),
        Function::Arccos => libm::acos(x),
        Function::Arctan => libm::atan(x),
        Function::Exp => libm::exp(x),
        Function::Log => libm::log(x),
        Function::Log10 => libm::log10(x),
        Function::Expm1 => libm::expm1(x),
        Function::Log1p => libm::log1p(x),
        Function::Exprel => {
            if x == 0.0 {
                1.0
            } else {
                libm::expm1(x) / x
            }
        }
        Function::Sqrt => x.sqrt(),
        Function::Abs => x.abs(),
        Function::Ceil => x.ceil(),
        Function::Floor => x.floor(),
        Function::Int => x.trunc(),
        Function::Sign => {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                // Of 0 and of what is not a number.
                x
            }
        }
        Function::Clip | Function::Rand | Function::Randn | Function::Poisson | Function::Timestep => return None,
    })
}

/// The lower bound first, then the upper; what is not a number stays so.
fn clip(value: f64, low: f64, high: f64) -> f64 {
    let above = if value < low { low } else { value };
    if above > high { high } else { above }
}
