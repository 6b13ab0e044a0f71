//! What holds for every expression.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;

use lapicque_equations::language::analysis::derivative::derivative;
use lapicque_equations::language::analysis::linear::{conditionally_linear, linear_system};
use lapicque_equations::language::analysis::simplify::simplify;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::evaluate::{Value, evaluate};
use lapicque_equations::language::expression::{
    BinaryOperator, ComparisonOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator,
};
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::scope::{Quantity, Scope};
use lapicque_equations::language::span::Span;
use lapicque_equations::units::Dimension;
use proptest::prelude::*;

fn at(kind: ExpressionKind) -> Expression {
    Expression::new(kind, Span::default())
}

fn leaf() -> impl Strategy<Value = Expression> {
    prop_oneof![
        (0..20_u32).prop_map(|value| at(ExpressionKind::Number(f64::from(value) / 4.0))),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| at(ExpressionKind::Number(value.abs()))),
        prop::sample::select(vec!["v", "w", "tau", "pi", "mV"]).prop_map(|name| at(ExpressionKind::Name(name.into()))),
    ]
}

/// Small whole numbers and variables.
fn small_leaf() -> impl Strategy<Value = Expression> {
    prop_oneof![
        (0..5_u32).prop_map(|value| at(ExpressionKind::Number(f64::from(value)))),
        prop::sample::select(vec!["v", "w", "tau"]).prop_map(|name| at(ExpressionKind::Name(name.into()))),
    ]
}

/// Expressions that are numbers, of `leaf`, with the operators in `operators` and the functions in `functions`.
fn number(
    leaf: BoxedStrategy<Expression>,
    operators: Vec<BinaryOperator>,
    functions: Vec<&'static str>,
    logic: bool,
) -> impl Strategy<Value = Expression> {
    leaf.prop_recursive(5, 40, 3, move |inner| {
        let sign = prop::sample::select(vec![UnaryOperator::Negative, UnaryOperator::Positive]);
        let unary = (sign, inner.clone()).prop_map(|(sign, operand)| Expression::unary(sign, operand, Span::default()));
        let operator = prop::sample::select(operators.clone());
        let binary = (operator, inner.clone(), inner.clone())
            .prop_map(|(operator, left, right)| Expression::binary(operator, left, right));
        let function = prop::sample::select(functions.clone());
        let call = (function, inner.clone())
            .prop_map(|(function, argument)| Expression::call(function, vec![argument], Span::default()));
        let truth = boolean(inner).prop_map(|truth| Expression::call("int", vec![truth], Span::default()));
        prop_oneof![2 => unary, 6 => binary, 2 => call, u32::from(logic) => truth]
    })
}

fn boolean(number: impl Strategy<Value = Expression> + Clone + 'static) -> impl Strategy<Value = Expression> {
    let operator = prop::sample::select(vec![
        ComparisonOperator::Less,
        ComparisonOperator::LessOrEqual,
        ComparisonOperator::Greater,
        ComparisonOperator::GreaterOrEqual,
        ComparisonOperator::Equal,
        ComparisonOperator::NotEqual,
    ]);
    let comparison = (number.clone(), prop::collection::vec((operator, number), 1..3))
        .prop_map(|(first, rest)| at(ExpressionKind::Comparison { first: Box::new(first), rest }));
    let leaf = prop_oneof![4 => comparison, 1 => any::<bool>().prop_map(|truth| at(ExpressionKind::Boolean(truth)))];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let operator = prop::sample::select(vec![LogicalOperator::And, LogicalOperator::Or]);
        let logical = (operator, prop::collection::vec(inner.clone(), 2..4))
            .prop_map(|(operator, operands)| at(ExpressionKind::Logical { operator, operands }));
        let not = inner.prop_map(|operand| Expression::unary(UnaryOperator::Not, operand, Span::default()));
        prop_oneof![logical, not]
    })
}

fn any_number() -> impl Strategy<Value = Expression> {
    let operators = vec![
        BinaryOperator::Add,
        BinaryOperator::Subtract,
        BinaryOperator::Multiply,
        BinaryOperator::Divide,
        BinaryOperator::FloorDivide,
        BinaryOperator::Remainder,
        BinaryOperator::Power,
    ];
    number(leaf().boxed(), operators, vec!["exp", "log", "abs", "tanh", "sqrt", "floor"], true)
}

/// Polynomials of `v` and `w`, of which some are linear.
fn polynomial() -> impl Strategy<Value = Expression> {
    let operators = vec![BinaryOperator::Add, BinaryOperator::Subtract, BinaryOperator::Multiply];
    small_leaf().prop_recursive(4, 20, 2, move |inner| {
        let operator = prop::sample::select(operators.clone());
        (operator, inner.clone(), inner).prop_map(|(operator, left, right)| Expression::binary(operator, left, right))
    })
}

fn value(expression: &Expression, values: &HashMap<&str, f64>) -> f64 {
    match evaluate(expression, &|name| values.get(name).copied().map(Value::Number)).unwrap() {
        Value::Number(value) => value,
        Value::Boolean(_) => panic!("{expression} is no number"),
    }
}

fn values(v: f64, w: f64) -> HashMap<&'static str, f64> {
    HashMap::from([("v", v), ("w", w), ("tau", 3.0), ("pi", std::f64::consts::PI), ("mV", 1e-3)])
}

fn scope() -> Scope {
    let mut scope = Scope::neurons(&Equations::parse("v : 1\nw : 1").unwrap());
    scope.add_parameter("tau", Quantity { value: 3.0, dimension: Dimension::NONE });
    scope
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(expression in any_number()) {
        let text = expression.to_string();
        let read = parse_expression(&text);
        prop_assert_eq!(read.as_ref(), Ok(&expression), "{}", text);
        prop_assert_eq!(read.unwrap().to_string(), text);
    }

    #[test]
    fn conditions_that_are_printed_are_read_as_the_same(expression in boolean(any_number().boxed())) {
        let text = expression.to_string();
        let read = parse_expression(&text);
        prop_assert_eq!(read.as_ref(), Ok(&expression), "{}", text);
    }

    #[test]
    fn simplified_expressions_compute_the_same_bits(expression in any_number(), v in -3.0..3.0, w in -3.0..3.0) {
        let before = value(&expression, &values(v, w));
        let simple = simplify(expression.clone(), &scope());
        let after = value(&simple, &values(v, w));
        let same = before.to_bits() == after.to_bits() || (before.is_nan() && after.is_nan());
        prop_assert!(same, "{} is {}, and {} is {}", expression, before, simple, after);
        prop_assert!(simple.size() <= expression.size() * 2);
    }

    #[test]
    fn derivatives_are_slopes(
        expression in number(
            small_leaf().boxed(),
            vec![BinaryOperator::Add, BinaryOperator::Subtract, BinaryOperator::Multiply, BinaryOperator::Divide],
            vec!["exp", "tanh", "sin", "cos", "arctan", "sinh"],
            false,
        ),
        v in 0.5..1.5,
    ) {
        let Ok(slope) = derivative(&expression, "v") else { return Ok(()) };
        let step = 1e-5;
        let at = |offset: f64| value(&expression, &values(v + offset, 0.7));
        let (there, far, near) = (at(0.0), at(step) - at(-step), at(step / 2.0) - at(-step / 2.0));
        // Where both steps agree, the difference is near the slope.
        let (far, near) = (far / (2.0 * step), near / step);
        let mut finite = true;
        expression.visit(&mut |part| finite &= value(part, &values(v, 0.7)).is_finite());
        if finite && near.is_finite() && there.abs() < 1e3 && near.abs() < 1e3 && (far - near).abs() < 1e-6 {
            let found = value(&slope, &values(v, 0.7));
            prop_assert!((found - near).abs() <= 1e-4 * (1.0 + near.abs()), "{}: {} for {}", expression, found, near);
        }
    }

    #[test]
    fn what_is_taken_for_linear_is_linear(expression in polynomial(), v in -3.0..3.0, w in -3.0..3.0) {
        let text = format!("dv/dt = {expression} : 1\ndw/dt = w : 1");
        let system = System::clock_driven(&Equations::parse(&text).unwrap()).unwrap();
        let whole = value(&expression, &values(v, w));
        let tolerance = 1e-9 * (1.0 + whole.abs());
        if let Ok(found) = linear_system(&system, &scope()) {
            let mut sum = value(&found.constants[0], &values(f64::NAN, f64::NAN));
            for entry in found.matrix.iter().filter(|entry| entry.row == 0) {
                // A coefficient that had a variable of the state would be no number.
                sum += value(&entry.coefficient, &values(f64::NAN, f64::NAN)) * [v, w][entry.column];
            }
            prop_assert!((sum - whole).abs() <= tolerance, "{}: {} for {}", text, sum, whole);
        } else {
            // All that is left out has a slope that changes.
            let at = |v, w| value(&expression, &values(v, w));
            let bent = |v: f64, w: f64| (at(2.0 * v, 2.0 * w) - 2.0 * at(v, w) + at(0.0, 0.0)).abs() > 1e-9;
            let points = [(v, w), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (2.0, 3.0)];
            prop_assume!(points.iter().any(|&(v, w)| bent(v, w)));
        }
        if let Ok(found) = conditionally_linear(&system, 0) {
            let slope = value(&found.slope, &values(f64::NAN, w));
            let rest = value(&found.rest, &values(f64::NAN, w));
            prop_assert!((slope * v + rest - whole).abs() <= tolerance, "{}", text);
        }
    }

    #[test]
    fn no_text_is_too_much(text in "[a-z0-9(). +*/<>=:;#\\n,_-]{0,60}") {
        let _ = parse_expression(&text).map_err(|error| error.render(&text));
        let _ = Equations::parse(&text).map_err(|error| error.render(&text));
    }
}
