//! Programs against an interpreter of the syntax tree, their order of writes, and their draws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::engine::{
    BLOCK, Bindings, Column, EngineError, Graph, Layout, Program, Scope, State, TimedArray,
};
use lapicque_equations::language::equation::Values;
use lapicque_equations::language::expression::{
    BinaryOperator, ComparisonOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator,
};
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::parse_statements;
use lapicque_equations::language::scope::Scope as Names;
use lapicque_equations::language::span::Span;
use lapicque_equations::maths::{LANES, elementary, exponential, logarithm, power, rounding, trigonometric};
use lapicque_numerics::random::StreamKey;
use proptest::prelude::*;

const DT: f64 = 1e-4;

fn layout(elements: usize) -> Layout {
    let column = |name: &str, values, shared, unless_refractory| Column {
        name: name.to_owned(),
        values,
        shared,
        unless_refractory,
    };
    let columns = vec![
        Column::float("x"),
        Column::float("y"),
        column("k", Values::Integer, false, false),
        column("flag", Values::Boolean, false, false),
        column("s", Values::Float, true, false),
        column("held", Values::Float, false, true),
        column("not_refractory", Values::Boolean, false, false),
        Column::float("out"),
    ];
    Layout::new(elements, columns).unwrap()
}

fn state(layout: &Layout) -> State {
    let mut state = State::new(layout);
    for (number, column) in layout.columns().iter().enumerate() {
        for (i, value) in state.column_mut(number).iter_mut().enumerate() {
            let i = i as f64;
            *value = match column.name.as_str() {
                "x" => (i * 0.7).sin() * 3.0,
                "y" => (i * 1.3 + 0.4).cos() * 50.0,
                "k" => (i % 7.0) - 3.0,
                "flag" | "not_refractory" => f64::from(i % 3.0 == 0.0),
                "s" => 1.75,
                "held" => 10.0 + i,
                _ => 0.0,
            };
        }
    }
    state
}

fn of<'a>(state: &'a State, layout: &Layout, name: &str) -> &'a [f64] {
    state.column(layout.number(name).unwrap())
}

/// Whether an expression is the same number at all times: without variables, or to the power of 0.
fn is_constant(e: &Expression) -> bool {
    match &e.kind {
        ExpressionKind::Name(name) => name == "dt",
        ExpressionKind::Binary { operator: BinaryOperator::Power, right, .. }
            if is_constant(right) && interpreted(right, &state(&layout(1)), &layout(1), 0, 0) == 0.0 =>
        {
            true
        }
        _ => e.children().into_iter().all(is_constant),
    }
}

/// The value of an expression for one element, straight from the tree.
fn interpreted(e: &Expression, state: &State, layout: &Layout, i: usize, step: u64) -> f64 {
    let at = |e: &Expression| interpreted(e, state, layout, i, step);
    let truth = |holds: bool| f64::from(u8::from(holds));
    match &e.kind {
        ExpressionKind::Number(number) => *number,
        ExpressionKind::Boolean(holds) => truth(*holds),
        ExpressionKind::Name(name) => match name.as_str() {
            "t" => step as f64 * DT,
            "dt" => DT,
            "i" => i as f64,
            name => {
                let values = of(state, layout, name);
                values[if values.len() == 1 { 0 } else { i }]
            }
        },
        ExpressionKind::Unary { operator, operand } => match operator {
            UnaryOperator::Negative => -at(operand),
            UnaryOperator::Positive => at(operand),
            UnaryOperator::Not => truth(at(operand) == 0.0),
        },
        ExpressionKind::Binary { operator, left, right } => {
            let (a, b) = (at(left), at(right));
            match operator {
                BinaryOperator::Add => a + b,
                BinaryOperator::Subtract => a - b,
                BinaryOperator::Multiply => a * b,
                // The rule of the engine for constants.
                BinaryOperator::Divide if is_constant(right) && !is_constant(left) && (1.0 / b).is_normal() => {
                    a * (1.0 / b)
                }
                BinaryOperator::Divide => a / b,
                BinaryOperator::FloorDivide => rounding::floor_divide(a, b),
                BinaryOperator::Remainder => rounding::remainder(a, b),
                BinaryOperator::Power => power::power(a, b),
            }
        }
        ExpressionKind::Comparison { first, rest } => {
            let mut left = at(first);
            let mut holds = true;
            for (operator, right) in rest {
                let right = at(right);
                holds &= match operator {
                    ComparisonOperator::Less => left < right,
                    ComparisonOperator::LessOrEqual => left <= right,
                    ComparisonOperator::Greater => left > right,
                    ComparisonOperator::GreaterOrEqual => left >= right,
                    ComparisonOperator::Equal => left == right,
                    ComparisonOperator::NotEqual => left != right,
                };
                left = right;
            }
            truth(holds)
        }
        ExpressionKind::Logical { operator, operands } => {
            let mut values = operands.iter().map(|operand| at(operand) != 0.0);
            truth(match operator {
                LogicalOperator::And => values.all(|holds| holds),
                LogicalOperator::Or => values.any(|holds| holds),
            })
        }
        ExpressionKind::Call { function, arguments } => {
            let a: Vec<f64> = arguments.iter().map(at).collect();
            match function.as_str() {
                "sin" => trigonometric::sin([a[0]; LANES])[0],
                "cos" => trigonometric::cos([a[0]; LANES])[0],
                "tan" => elementary::tan(a[0]),
                "sinh" => elementary::sinh(a[0]),
                "cosh" => elementary::cosh(a[0]),
                "tanh" => exponential::tanh(a[0]),
                "arcsin" => elementary::arcsin(a[0]),
                "arccos" => elementary::arccos(a[0]),
                "arctan" => elementary::arctan(a[0]),
                "exp" => exponential::exp(a[0]),
                "expm1" => exponential::expm1(a[0]),
                "exprel" => exponential::exprel(a[0]),
                "log" => logarithm::log(a[0]),
                "log10" => elementary::log10(a[0]),
                "log1p" => elementary::log1p(a[0]),
                "sqrt" => a[0].sqrt(),
                "abs" => a[0].abs(),
                "ceil" => a[0].ceil(),
                "floor" => a[0].floor(),
                "sign" => rounding::sign(a[0]),
                "int" => a[0].trunc(),
                "clip" => rounding::clip(a[0], a[1], a[2]),
                "timestep" => rounding::timestep(a[0], a[1]),
                other => panic!("{other}"),
            }
        }
    }
}

fn expressions() -> impl Strategy<Value = Expression> {
    let at = Span::default();
    let name = prop::sample::select(vec!["x", "y", "k", "s", "t", "dt", "i"]);
    let leaf = prop_oneof![
        prop::sample::select(vec![0.0, 1.0, 2.0, 3.0, 0.3, 7.5, 1e-3, 1e6])
            .prop_map(move |n| Expression::number(n, at)),
        name.prop_map(move |name| Expression::name(name, at)),
        any::<bool>().prop_map(move |holds| Expression::new(ExpressionKind::Boolean(holds), at)),
    ];
    let unary = vec![
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "expm1", "exprel", "log",
        "log10", "log1p", "sqrt", "abs", "ceil", "floor", "sign", "int",
    ];
    leaf.prop_recursive(6, 60, 3, move |inner| {
        use BinaryOperator::{Add, Divide, FloorDivide, Multiply, Power, Remainder, Subtract};
        use ComparisonOperator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let arithmetic = prop::sample::select(vec![
            Add, Add, Subtract, Subtract, Multiply, Multiply, Multiply, Divide, Divide, FloorDivide, Remainder, Power,
        ]);
        let comparison = prop::sample::select(vec![Less, LessOrEqual, Greater, GreaterOrEqual, Equal, NotEqual]);
        let whole = prop::sample::select(vec![0.0, 1.0, 2.0, 3.0, 4.0, 7.0, 16.0]);
        prop_oneof![
            4 => (arithmetic, inner.clone(), inner.clone()).prop_map(|(o, a, b)| Expression::binary(o, a, b)),
            1 => (inner.clone(), whole).prop_map(move |(a, n)| Expression::binary(Power, a, Expression::number(n, at))),
            1 => (inner.clone(), prop::sample::select(vec![UnaryOperator::Negative, UnaryOperator::Positive, UnaryOperator::Not]))
                .prop_map(move |(a, o)| Expression::unary(o, a, at)),
            2 => (prop::sample::select(unary.clone()), inner.clone()).prop_map(move |(f, a)| Expression::call(f, vec![a], at)),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(move |(a, b, c)| Expression::call("clip", vec![a, b, c], at)),
            1 => (inner.clone(), inner.clone()).prop_map(move |(a, b)| Expression::call("timestep", vec![a, b], at)),
            1 => (inner.clone(), prop::collection::vec((comparison, inner.clone()), 1..3)).prop_map(move |(first, rest)| {
                Expression::new(ExpressionKind::Comparison { first: Box::new(first), rest }, at)
            }),
            1 => (prop::collection::vec(inner.clone(), 2..4), any::<bool>()).prop_map(move |(operands, and)| {
                // Of comparisons, as the language has it, so that every operand is 0 or 1.
                let operator = if and { LogicalOperator::And } else { LogicalOperator::Or };
                let operands = operands.into_iter().map(|a| Expression::unary(UnaryOperator::Not, a, at)).collect();
                Expression::new(ExpressionKind::Logical { operator, operands }, at)
            }),
        ]
    })
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_have_the_numbers_of_the_tree(a in expressions(), b in expressions(), size in 1..40_usize) {
        let layout = layout(size);
        let names = Names::new();
        let scope = Scope { layout: &layout, names: &names, arrays: &[], dt: DT };
        let mut graph = Graph::new(&scope);
        // Two at once share registers and common parts; one overwrites what the other reads.
        let a_value = graph.expression(&a, &Bindings::new(), false).unwrap();
        let b_value = graph.expression(&b, &Bindings::new(), false).unwrap();
        let writes = [graph.write(0, a_value).unwrap(), graph.write(7, b_value).unwrap()];
        let mut program = Program::new(&graph, &writes, &StreamKey::new([0; 16]));
        let before = state(&layout);
        let mut after = before.clone();
        program.run(&mut after, 123).unwrap();
        for i in 0..size {
            for (expression, column) in [(&a, 0), (&b, 7)] {
                let (found, expected) = (after.column(column)[i], interpreted(expression, &before, &layout, i, 123));
                prop_assert!(same(found, expected), "{} instead of {} of element {}: {:?}", found, expected, i, expression);
            }
        }
        // The same for every second element alone, and nothing for the others.
        let list: Vec<u32> = (0..size as u32).step_by(2).collect();
        let mut some = before.clone();
        program.run_at(&mut some, 123, &list).unwrap();
        for i in 0..size {
            let expected = if i % 2 == 0 { &after } else { &before };
            for column in [0, 7] {
                prop_assert!(same(some.column(column)[i], expected.column(column)[i]));
            }
        }
    }
}

/// Runs statements once over all elements.
fn ran(code: &str, elements: usize, conditional: bool, key: u8, step: u64) -> Result<(Layout, State), EngineError> {
    let layout = layout(elements);
    let names = Names::new();
    let arrays = [
        TimedArray::new("stimulus", vec![1.0, 2.0, 3.0], 1e-3)?,
        TimedArray::per_element("each", vec![1.0, 2.0, 3.0, 4.0], 2, 1e-3)?,
    ];
    let scope = Scope { layout: &layout, names: &names, arrays: &arrays, dt: DT };
    let mut graph = Graph::new(&scope);
    let writes = graph.statements(&parse_statements(code).unwrap(), &Bindings::new(), conditional)?;
    let mut program = Program::new(&graph, &writes, &StreamKey::new([key; 16]));
    let mut after = state(&layout);
    program.run(&mut after, step)?;
    Ok((layout, after))
}

fn column(code: &str, elements: usize, name: &str) -> Vec<f64> {
    let (layout, state) = ran(code, elements, false, 1, 12).unwrap();
    of(&state, &layout, name).to_vec()
}

#[test]
fn statements_follow_each_other() {
    assert_eq!(column("x = 2; x *= 3; local = x + 1; out = local; x = 5", 3, "out"), [7.0; 3]);
    assert_eq!(column("x = 2; x *= 3; local = x + 1; out = local; x = 5", 3, "x"), [5.0; 3]);
    assert_eq!(column("out = x; x = y; y = out", 5, "y"), of(&state(&layout(5)), &layout(5), "x"));
    assert_eq!(column("k = 2.9; k -= 4.5", 2, "k"), [-2.0; 2]);
    assert_eq!(column("flag = 0.5", 2, "flag"), [1.0; 2]);
    assert_eq!(column("s += 0.25", 2, "s"), [2.0]);
    assert_eq!(column("out = N + t_in_timesteps", 2, "out"), [14.0; 2]);
}

#[test]
fn conditional_writes_wait_for_the_end_of_refractoriness() {
    let (layout, state) = ran("held += 5; held *= 2; out = held", 4, true, 1, 0).unwrap();
    assert_eq!(of(&state, &layout, "held"), [30.0, 11.0, 12.0, 36.0]);
    assert_eq!(of(&state, &layout, "out"), [30.0, 11.0, 12.0, 36.0]);
    let (layout, state) = ran("held += 5", 4, false, 1, 0).unwrap();
    assert_eq!(of(&state, &layout, "held"), [15.0, 16.0, 17.0, 18.0]);
}

#[test]
fn mistakes_have_messages() {
    let error = |code: &str| ran(code, 3, false, 1, 0).unwrap_err().to_string();
    assert_eq!(error("s = x"), "`s` is shared by all elements, but what is written differs between them");
    assert_eq!(error("local += 1"), "`local` is changed before it has a value");
    assert_eq!(error("out = nothing"), "`nothing` is no variable, constant or quantity that this code can read");
    assert_eq!(error("out = nothing(x)"), "`nothing` is no function and no array over time");
    assert_eq!(error("out = each(t)"), "`each` takes 2 arguments, but has 1");
    let twice = Layout::new(1, vec![Column::float("x"), Column::float("x")]);
    assert_eq!(twice.unwrap_err().to_string(), "variable `x`: there are two of this name");
    assert!(TimedArray::new("a", vec![], 1.0).is_err());
    assert!(TimedArray::new("a", vec![1.0], f64::NAN).is_err());
    assert!(TimedArray::per_element("a", vec![1.0; 5], 2, 1.0).is_err());
}

#[test]
fn lists_and_states_must_fit() {
    let (three, four) = (layout(3), layout(4));
    let names = Names::new();
    let scope = Scope { layout: &three, names: &names, arrays: &[], dt: DT };
    let mut graph = Graph::new(&scope);
    let one = graph.constant(1.0);
    let write = graph.write(0, one).unwrap();
    let mut program = Program::new(&graph, &[write], &StreamKey::new([0; 16]));
    assert!(matches!(program.run(&mut state(&four), 0), Err(EngineError::OtherLayout { .. })));
    assert!(matches!(program.run_at(&mut state(&three), 0, &[3]), Err(EngineError::NoElement { .. })));
    assert!(matches!(program.run_at(&mut state(&three), 0, &[1, 1]), Err(EngineError::OutOfRange { .. })));
    assert!(matches!(program.run_at(&mut state(&three), 0, &[2, 1]), Err(EngineError::OutOfRange { .. })));
}

#[test]
fn arrays_over_time_hold_their_ends() {
    let at = |step: u64| {
        let (layout, state) = ran("out = stimulus(t); x = each(t, i)", 3, false, 1, step).unwrap();
        (of(&state, &layout, "out")[2], of(&state, &layout, "x").to_vec())
    };
    assert_eq!(at(0).0, 1.0);
    assert_eq!([at(9).0, at(10).0, at(19).0, at(20).0, at(1000).0], [1.0, 2.0, 2.0, 3.0, 3.0]);
    let row = at(10).1;
    assert_eq!(row[..2], [3.0, 4.0]);
    assert!(row[2].is_nan());
}

#[test]
fn draws_depend_on_key_step_and_element_alone() {
    let draw = |code: &str, elements, key, step| {
        let (layout, state) = ran(code, elements, false, key, step).unwrap();
        of(&state, &layout, "out").to_vec()
    };
    let code = "out = randn()";
    let all = draw(code, 3 * BLOCK + 5, 1, 4);
    assert_eq!(draw(code, 7, 1, 4), all[..7]);
    assert_ne!(draw(code, 7, 2, 4), all[..7]);
    assert_ne!(draw(code, 7, 1, 5), all[..7]);
    // Each call is another draw, also of the same element; a shared variable has one.
    assert!(draw("out = rand() - rand()", 50, 1, 4).iter().all(|difference| *difference != 0.0));
    let shared = draw("s = rand(); out = s", 50, 1, 4);
    assert!(shared.iter().all(|value| *value == shared[0]) && (0.0..1.0).contains(&shared[0]));
}

#[test]
fn draws_have_their_distributions() {
    let n = 100_000;
    let moments = |code: &str| {
        let values = column(code, n, "out");
        let mean = values.iter().sum::<f64>() / n as f64;
        (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n as f64)
    };
    // Mean, variance, and the variance of the squares, for their standard errors.
    for (code, mean, variance, fourth) in [
        ("out = rand()", 0.5, 1.0 / 12.0, 1.0 / 80.0),
        ("out = randn()", 0.0, 1.0, 3.0),
        ("out = poisson(2.5)", 2.5, 2.5, 2.5 * (1.0 + 3.0 * 2.5)),
        ("out = poisson(70)", 70.0, 70.0, 70.0 * (1.0 + 3.0 * 70.0)),
    ] {
        let (m, v) = moments(code);
        assert!((m - mean).abs() < 4.5 * (variance / n as f64).sqrt(), "{code}: mean {m}");
        assert!(
            (v - variance).abs() < 4.5 * ((fourth - variance * variance) / n as f64).sqrt(),
            "{code}: variance {v}"
        );
    }
    assert_eq!(column("out = poisson(0)", 2, "out"), [0.0; 2]);
    assert!(column("out = poisson(-1)", 2, "out").iter().all(|count| count.is_nan()));
}

#[test]
fn common_parts_are_computed_once() {
    let layout = layout(4);
    let names = Names::new();
    let scope = Scope { layout: &layout, names: &names, arrays: &[], dt: DT };
    let mut graph = Graph::new(&scope);
    let text = "exp(x)*y + 2*exp(x)*y - (1 + 2)*exp(s)*exp(s)";
    let value = graph.expression(&parse_expression(text).unwrap(), &Bindings::new(), false).unwrap();
    let write = graph.write(7, value).unwrap();
    let program = Program::new(&graph, &[write], &StreamKey::new([0; 16]));
    // exp(x); times y; 2 exp(x); times y and plus; minus what is shared.
    assert!(program.instructions() <= 5, "{}", program.instructions());
    assert!(program.registers() <= 3, "{}", program.registers());
}

#[test]
fn no_elements_are_no_mistake() {
    assert_eq!(column("x = 2; s = 3", 0, "x"), [0.0; 0]);
    assert_eq!(column("x = 2; s = 3", 0, "s"), [3.0]);
}
