//! Units and quantities: what is read is written so that it reads back, and converts where the dimension is the same.

use lapicque_units::{Quantity, Time, Unit};

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Quantity>() {
        Ok(quantity) => {
            assert!(quantity.value.is_finite());
            let read: Result<Quantity, _> = quantity.to_string().parse();
            assert_eq!(read.as_ref().map(|read| read.value.to_bits()), Ok(quantity.value.to_bits()), "{quantity}");
            assert_eq!(read.as_ref(), Ok(&quantity));
            assert_eq!(quantity.to(&quantity.unit), Ok(quantity.value));
            if let Some(canonical) = Unit::canonical_for(&quantity.dimension()) {
                assert!(quantity.to(&canonical).map_or(true, f64::is_finite));
            }
            let is_time = quantity.dimension().name() == Some("time");
            assert!(is_time || text.parse::<Time>().is_err());
        }
        Err(error) => assert!(error.to_string().len() < 2_000),
    }
    match Unit::parse(text) {
        Ok(unit) => {
            assert_eq!(Unit::parse(&unit.to_string()).as_ref(), Ok(&unit));
            let dimension = unit.dimension();
            if dimension.name().is_none() && dimension.halves().iter().all(|halves| halves.abs() <= 60) {
                assert_eq!(Unit::parse(&dimension.to_string()).map(|shown| shown.dimension()), Ok(dimension));
            }
            assert_eq!(dimension.power(2).and_then(|square| square.root(2)), dimension.power(2).map(|_| dimension));
        }
        Err(error) => assert!(error.to_string().len() < 2_000),
    }
}
