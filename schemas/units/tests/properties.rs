//! What holds for every quantity and every text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_units::{Quantity, Unit};
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

proptest! {
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
        unit in "(p|n|u|m|k|)(A|V|S|F|s|Hz|m|mol|ohm)(\\^(-3|-2|-1|1|2|3))?((\\*| |·)(u|m)(m|s|V)2?)?(/(c|m|k)(m|s|V)\\^2)?",
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
