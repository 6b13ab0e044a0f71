//! Known answers of Philox4x32-10: the published Random123 vectors and an independent
//! implementation.
#![allow(clippy::unwrap_used)]

use lapicque_numerics::random::philox4x32_10;

const KNOWN_ANSWERS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/philox/philox4x32_10.json"));

#[test]
fn known_answers() {
    let answers: serde_json::Value = serde_json::from_str(KNOWN_ANSWERS).unwrap();
    let words = |value: &serde_json::Value| -> Vec<u32> {
        value.as_array().unwrap().iter().map(|word| u32::from_str_radix(word.as_str().unwrap(), 16).unwrap()).collect()
    };
    let answers = answers.as_array().unwrap();
    assert!(answers.len() >= 3);
    for answer in answers {
        let out =
            philox4x32_10(words(&answer["counter"]).try_into().unwrap(), words(&answer["key"]).try_into().unwrap());
        assert_eq!(out.to_vec(), words(&answer["out"]));
    }
}
