//! Sums of products, which become one instruction, against loops over the elements: the same bits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::engine::{Bindings, Column, Graph, Layout, Program, Scope, State};
use lapicque_equations::language::parse_statements;
use lapicque_equations::language::scope::Scope as Names;
use lapicque_numerics::random::StreamKey;
use proptest::prelude::*;

const COLUMNS: [&str; 7] = ["a", "b", "c", "s", "out", "other", "not_refractory"];
const SHARED: usize = 3;

/// A number, or a variable.
#[derive(Clone, Copy, Debug)]
enum Part {
    Number(f64),
    Variable(usize),
}

impl Part {
    fn text(self) -> String {
        match self {
            Self::Number(number) => format!("({number:?})"),
            Self::Variable(number) => COLUMNS[number].to_owned(),
        }
    }

    fn value(self, state: &State, element: usize) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Variable(number) => state.column(number)[if number == SHARED { 0 } else { element }],
        }
    }
}

/// A product of one or two parts, as `(first, second)`.
type Term = (Part, Option<Part>);

fn part() -> impl Strategy<Value = Part> {
    let number = prop_oneof![Just(0.0), Just(1.0), Just(1e300), -3.0..3.0];
    prop_oneof![number.prop_map(Part::Number), (0..4_usize).prop_map(Part::Variable), Just(Part::Variable(SHARED))]
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    prop::collection::vec((part(), prop::option::weighted(0.8, part())), 1..9)
}

fn text(terms: &[Term]) -> String {
    let product = |(first, second): &Term| match second {
        Some(second) => format!("{}*{}", first.text(), second.text()),
        None => first.text(),
    };
    terms.iter().map(product).collect::<Vec<_>>().join(" + ")
}

fn sum(terms: &[Term], state: &State, element: usize) -> f64 {
    let product = |(first, second): &Term| {
        let value = first.value(state, element);
        second.map_or(value, |second| value * second.value(state, element))
    };
    terms.iter().map(product).reduce(|sum, term| sum + term).unwrap()
}

fn layout(elements: usize) -> Layout {
    let column = |(number, name): (usize, &&str)| Column {
        shared: number == SHARED,
        unless_refractory: *name == "out",
        ..Column::float(name)
    };
    Layout::new(elements, COLUMNS.iter().enumerate().map(column).collect()).unwrap()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_have_the_bits_of_loops(
        out in terms(),
        other in terms(),
        numbers in prop::collection::vec(prop_oneof![Just(-0.0), Just(0.0), Just(f64::INFINITY), -5.0..5.0], 1..40),
        prefix in any::<bool>(),
    ) {
        let size = numbers.len();
        let layout = layout(size);
        // Both begin the same, so that parts are used twice.
        let other = if prefix { out.iter().chain(&other).copied().collect() } else { other };
        let code = format!("other = {}\nout = {}", text(&other), text(&out));
        let names = Names::new();
        let scope = Scope { layout: &layout, names: &names, arrays: &[], dt: 1e-4 };
        let mut graph = Graph::new(&scope);
        let writes = graph.statements(&parse_statements(&code).unwrap(), &Bindings::new(), true).unwrap();
        let mut program = Program::new(&graph, &writes, &StreamKey::new([0; 16]));
        let mut before = State::new(&layout);
        for number in 0..COLUMNS.len() {
            for (element, value) in before.column_mut(number).iter_mut().enumerate() {
                *value = match COLUMNS[number] {
                    "not_refractory" => f64::from(u8::from(element % 3 > 0)),
                    _ => numbers[(element + 3 * number) % size],
                };
            }
        }
        let mut after = before.clone();
        program.run(&mut after, 0).unwrap();
        for element in 0..size {
            let expected = sum(&other, &before, element);
            let found = after.column(5)[element];
            prop_assert!(same(found, expected), "{} instead of {}: {}", found, expected, code);
            let expected = if element % 3 > 0 { sum(&out, &before, element) } else { before.column(4)[element] };
            let found = after.column(4)[element];
            prop_assert!(same(found, expected), "{} instead of {}: {}", found, expected, code);
        }
    }
}

/// How many instructions a statement takes.
fn instructions(code: &str) -> usize {
    let layout = layout(1);
    let names = Names::new();
    let scope = Scope { layout: &layout, names: &names, arrays: &[], dt: 1e-4 };
    let mut graph = Graph::new(&scope);
    let writes = graph.statements(&parse_statements(code).unwrap(), &Bindings::new(), true).unwrap();
    Program::new(&graph, &writes, &StreamKey::new([0; 16])).instructions()
}

#[test]
fn sums_are_one_instruction() {
    assert_eq!(instructions("other = 2*a + 3*b"), 1);
    assert_eq!(instructions("other = 1 + 2*a + b*s + c*4 + 5*a + 6*b"), 1);
    assert_eq!(instructions("other = a + 2*a + b*s + c*4 + 5*b"), 1);
    // With what is kept while refractory.
    assert_eq!(instructions("out = s + 2*a + b*s + c*4"), 1);
    // A product that is used twice is made twice.
    assert_eq!(instructions("other = 2*a + 3*b\nout = 2*a + 4*c"), 2);
    assert_eq!(instructions("other = 2*a + b*c\nout = 2*a + 4*c"), 3);
    // Six values of elements are one too many; the product of two has no shared factor.
    assert_eq!(instructions("other = a + 2*a + b*s + c*4 + 5*b + 7*c"), 2);
    assert_eq!(instructions("other = 2*a + b*c"), 2);
}
