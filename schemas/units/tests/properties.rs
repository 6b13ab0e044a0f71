//! What holds for every quantity and every text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_units::{Dimension, Quantity, Unit};
use proptest::prelude::*;

const PREFIXES: [(&str, i32); 24] = [
    ("q", -30),
    ("r", -27),
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("da", 1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
    ("R", 27),
    ("Q", 30),
];

/// Exponents from -8 to 8, whole and halves.
fn dimension() -> impl Strategy<Value = Dimension> {
    proptest::array::uniform6(-16i16..=16).prop_map(|halves| Dimension::from_halves(halves).unwrap())
}

proptest! {
    /// Dimensions are vectors over the halves.
    #[test]
    fn algebra_of_dimensions(a in dimension(), b in dimension(), c in dimension(), n in -7i32..=7, m in -7i32..=7) {
        let times = |a: &Dimension, b: &Dimension| a.times(b).unwrap();
        let power = |a: &Dimension, n| a.power(n).unwrap();
        prop_assert_eq!(times(&a, &b), times(&b, &a));
        prop_assert_eq!(times(&times(&a, &b), &c), times(&a, &times(&b, &c)));
        prop_assert_eq!(times(&a, &Dimension::NONE), a);
        prop_assert_eq!(times(&a, &b).over(&b), Some(a));
        prop_assert_eq!(a.over(&a), Some(Dimension::NONE));
        prop_assert_eq!(power(&times(&a, &b), n), times(&power(&a, n), &power(&b, n)));
        prop_assert_eq!(times(&power(&a, n), &power(&a, m)), power(&a, n + m));
        prop_assert_eq!(power(&a, -1), Dimension::NONE.over(&a).unwrap());
        // By the definition of a power, one factor at a time.
        let by_hand = (0..n.abs()).fold(Dimension::NONE, |so_far, _| times(&so_far, &a));
        prop_assert_eq!(power(&a, n), if n < 0 { Dimension::NONE.over(&by_hand).unwrap() } else { by_hand });
        prop_assert_eq!(power(&a, n).root(n), if n == 0 { None } else { Some(a) });
        // A root is there just where its power is what it is the root of.
        match a.root(2) {
            Some(root) => prop_assert_eq!(times(&root, &root), a),
            None => prop_assert!(a.halves().iter().any(|count| count % 2 != 0)),
        }
    }

    /// What is shown of a dimension without a name is a unit of that dimension.
    #[test]
    fn dimensions_that_are_shown_read_back(halves in proptest::array::uniform6(-60i16..=60)) {
        let dimension = Dimension::from_halves(halves).unwrap();
        if dimension.name().is_none() {
            let unit = Unit::parse(&dimension.to_string()).unwrap();
            prop_assert_eq!(unit.dimension(), dimension);
            prop_assert_eq!((unit.decimal_exponent(), unit.power_of_six()), (0.0, 0.0));
        }
    }

    /// A half power is the root: twice itself is the whole power, whatever the prefix and the spelling.
    #[test]
    fn half_powers_are_roots(
        prefix in 0usize..24, symbol in "(A|V|S|F|s|Hz|mol|ohm)", numerator in (-15i32..15).prop_map(|n| 2 * n + 1),
    ) {
        let symbol = format!("{}{symbol}", PREFIXES[prefix].0);
        let half = Unit::parse(&format!("{symbol}^{numerator}/2")).unwrap();
        let squared = Unit::parse(&format!("{symbol}^({numerator}/2) {symbol}^{numerator}/2")).unwrap();
        prop_assert_eq!(&squared, &Unit::parse(&format!("{symbol}^{numerator}")).unwrap());
        prop_assert_eq!(&squared, &Unit::parse(&format!("({symbol}^{numerator}/2)^2")).unwrap());
        prop_assert_eq!(half.dimension(), squared.dimension().root(2).unwrap());
        prop_assert_eq!(2.0 * half.decimal_exponent(), squared.decimal_exponent());
        prop_assert_eq!(half.to_string(), format!("{symbol}^{numerator}/2"));
    }

    /// Values in units of half powers convert by the root of what their squares convert by.
    #[test]
    fn values_of_half_powers_convert(
        value in (1u32..1_000_000).prop_map(f64::from), from in 0usize..24, to in 0usize..24, numerator in (-3i32..3).prop_map(|n| 2 * n + 1),
    ) {
        let unit = |prefix: usize| Unit::parse(&format!("{}s^{numerator}/2", PREFIXES[prefix].0)).unwrap();
        let quantity = Quantity::new(value, unit(from));
        let halves = numerator * (PREFIXES[from].1 - PREFIXES[to].1);
        let expected = value * 10f64.powf(0.5 * f64::from(halves));
        prop_assume!(expected.is_finite() && expected > 1e-290);
        let converted = quantity.to(&unit(to)).unwrap();
        prop_assert!((converted / expected - 1.0).abs() < 1e-13, "{converted} instead of {expected}");
        let back = Quantity::new(converted, unit(to)).to(&unit(from)).unwrap();
        prop_assert!((back / value - 1.0).abs() < 1e-15);
        prop_assert_eq!(quantity == Quantity::new(converted, unit(to)), halves % 2 == 0);
    }

    /// A decimal text means the same double under every prefix, however its point is placed.
    #[test]
    fn prefixes_are_exact(
        digits in 1u64..1_000_000_000_000_000, places in -20i32..20,
        from in 0usize..24, to in 0usize..24,
    ) {
        let ((from, from_exponent), (to, to_exponent)) = (PREFIXES[from], PREFIXES[to]);
        let quantity: Quantity = format!("{digits}e{places} {from}V").parse().unwrap();
        let expected: f64 = format!("{digits}e{}", places + from_exponent - to_exponent).parse().unwrap();
        let converted = quantity.in_unit(&format!("{to}V")).unwrap();
        prop_assert_eq!(converted.to_bits(), expected.to_bits());
        prop_assert_eq!(&Quantity::new(converted, Unit::parse(&format!("{to}V")).unwrap()), &quantity);
        let back = Quantity::new(converted, Unit::parse(&format!("{to}V")).unwrap()).in_unit(&format!("{from}V")).unwrap();
        prop_assert_eq!(back.to_bits(), quantity.value.to_bits());
    }

    #[test]
    fn what_is_written_reads_back(
        value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO,
        unit in "(p|n|u|m|k|)(A|V|S|F|s|Hz|m|mol|ohm)(\\^(-3|-2|-1|1|2|3|-1/2|3/2|\\(-1/2\\)|\\(5\\)))?((\\*| |·)(u|m)(m|s|V)2?)?(/(c|m|k)(m|s|V)\\^2)?",
    ) {
        let quantity = Quantity::new(value, Unit::parse(&unit).unwrap());
        let read: Quantity = quantity.to_string().parse().unwrap();
        prop_assert_eq!(read.value.to_bits(), value.to_bits());
        prop_assert_eq!(&read.unit, &quantity.unit);
        prop_assert_eq!(read.to_string(), quantity.to_string());
        prop_assert_eq!(&read, &quantity);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        if let Err(error) = text.parse::<Quantity>() {
            prop_assert!(error.to_string().len() < 2_000);
        }
        if let Err(error) = Unit::parse(&text) {
            prop_assert!(error.to_string().len() < 2_000);
        }
    }

    #[test]
    fn any_text_like_a_quantity_is_read_or_refused(text in "[0-9eE+.\\- ]{0,8}[a-zA-Zµ%Ω^/*·() 0-9²⁻-]{0,40}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert!(quantity.value.is_finite());
            prop_assert_eq!(&quantity.to_string().parse::<Quantity>().unwrap(), &quantity);
        }
    }

    #[test]
    fn equality_does_not_depend_on_the_side(a in -1_000_000i64..1_000_000, b in 0usize..24, c in 0usize..24) {
        let left: Quantity = format!("{a} {}s", PREFIXES[b].0).parse().unwrap();
        let right = Quantity::new(left.in_unit(&format!("{}s", PREFIXES[c].0)).unwrap(), Unit::parse(&format!("{}s", PREFIXES[c].0)).unwrap());
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&right, &left);
    }
}

#[test]
fn long_texts_are_refused_without_reading_them_through() {
    for text in ["1".repeat(10_000_000), "m^".repeat(1_000_000), "m*".repeat(1_000_000)] {
        assert!(text.parse::<Quantity>().is_err());
        assert!(Unit::parse(&text).is_err());
    }
}
