//! NPY recordings, sound and broken.

use std::io::Cursor;

use super::*;

fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

fn array(descr: &str, fortran_order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}   \n");
    npy(1, &header, data)
}

fn samples(bytes: Vec<u8>) -> Vec<Vec<f64>> {
    let recording = read_npy(&mut Cursor::new(bytes), 250.0).unwrap();
    recording.channels.into_iter().map(|channel| channel.samples.to_vec()).collect()
}

fn error(bytes: Vec<u8>) -> String {
    read_npy(&mut Cursor::new(bytes), 250.0).unwrap_err().to_string()
}

#[test]
fn every_element_type_in_both_byte_orders() {
    macro_rules! check {
        ($($descr:literal $type:ty),*) => {$(
            let values = [<$type>::MIN, <$type>::MAX, 3 as $type];
            let expected: Vec<f64> = values.iter().map(|&value| value as f64).collect();
            let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            assert_eq!(samples(array(concat!("<", $descr), "False", "(3,)", &little)), vec![expected.clone()]);
            assert_eq!(samples(array(concat!(">", $descr), "False", "(3,)", &big)), vec![expected]);
        )*};
    }
    check!("f4" f32, "f8" f64, "i1" i8, "i2" i16, "i4" i32, "i8" i64, "u1" u8, "u2" u16, "u4" u32, "u8" u64);
    assert_eq!(samples(array("|u1", "False", "(2,)", &[7, 200])), [[7.0, 200.0]]);
    assert_eq!(samples(array("|i1", "False", "(2,)", &[7, 200])), [[7.0, -56.0]]);
}

#[test]
fn both_orders_of_memory_and_all_versions() {
    let c = array("|u1", "False", "(2, 3)", &[1, 2, 3, 4, 5, 6]);
    let fortran = array("|u1", "True", "(2, 3)", &[1, 4, 2, 5, 3, 6]);
    let expected = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(samples(c), expected);
    assert_eq!(samples(fortran), expected);
    let header = "{\"shape\":(2L,3L),\"descr\":\"|u1\",\"fortran_order\":False}";
    for version in [1, 2, 3] {
        assert_eq!(samples(npy(version, header, &[1, 2, 3, 4, 5, 6])), expected);
    }
    let recording = read_npy(&mut Cursor::new(npy(1, header, &[0; 6])), 250.0).unwrap();
    assert_eq!(recording.channels[1].label, "1");
    assert_eq!((recording.channels[1].sampling_rate_hz, recording.channels[1].start_s), (250.0, 0.0));
}

#[test]
fn a_shape_that_does_not_fit_the_file_is_refused_before_memory_is_reserved() {
    for shape in ["(5,)", "(3,)", "(2, 1)", "(1, 1000000000000000)", "(65536, 18446744073709551615)"] {
        let message = error(array("<i2", "False", shape, &[0; 8]));
        assert!(message.starts_with(&format!("shape {shape} of 2-byte elements needs")), "{message}");
        assert!(message.contains("but 8 follow"), "{message}");
    }
    for shape in ["()", "(0,)", "(0, 4)", "(4, 0)", "(65537, 1)", "(2, 1, 2)", "(18446744073709551615, 0)"] {
        let message = error(array("<i2", "False", shape, &[0; 8]));
        assert!(message.starts_with(&format!("shape {shape}; allowed: (samples,)")), "{message}");
    }
    assert!(error(array("<i2", "False", "(18446744073709551616,)", &[])).contains("expected a whole number"));
}

#[test]
fn headers_are_refused_with_place_and_problem() {
    for (header, expected) in [
        ("", "character 0: expected `{`"),
        ("{", "expected a quoted string"),
        ("{'descr", "a string without its closing quote"),
        ("{'descr' '<f8'}", "expected `:`"),
        ("{'descr': '<f8', 'descr': '<f8'}", "key `descr` is unknown or stands twice"),
        ("{'shape': (2 3)}", "expected `)`"),
        ("{'shape': (-2,)}", "expected a whole number"),
        ("{'shape': (2,)}", "is missing"),
        ("{'fortran_order': 0}", "expected True or False"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "unexpected text after"),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", "element type `<c16`; allowed: f4"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "element type `|O`"),
        ("{'descr': '\u{e9}f8', 'fortran_order': False, 'shape': (1,)}", "element type `\u{e9}f8`"),
        ("{'descr': '', 'fortran_order': False, 'shape': (1,)}", "element type ``"),
        ("{'descr': '|f8', 'fortran_order': False, 'shape': (1,)}", "element type `|f8`"),
        ("{'descr': [('t', '<f8')], 'fortran_order': False, 'shape': (1,)}", "element type `a record type`"),
    ] {
        let message = error(npy(1, header, &[0; 8]));
        assert!(message.contains(expected), "{header}: {message}");
    }
    let deep = format!("{{'shape': ({}", "1,".repeat(100));
    assert!(error(npy(1, &deep, &[])).contains("too many dimensions"));
}

#[test]
fn truncation_versions_and_rates_are_told_apart() {
    let whole = array("<f8", "False", "(1,)", &[0; 8]);
    for length in 0..whole.len() {
        let message = error(whole[..length].to_vec());
        let expected = match length {
            0..8 => "not an NPY file",
            8.. if length < whole.len() - 8 => "within its header",
            _ => "needs 8 bytes",
        };
        assert!(message.contains(expected), "{length}: {message}");
    }
    assert!(error(npy(4, "", &[])).contains("NPY version 4.0; allowed: 1.0, 2.0, 3.0"));
    assert!(error(b"PK\x03\x04 a zip of arrays".to_vec()).contains("not an NPY file"));
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = read_npy(&mut Cursor::new(whole.clone()), rate);
        assert!(matches!(refused, Err(NpyError::SamplingRate { .. })));
    }
}
