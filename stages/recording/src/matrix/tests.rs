use std::io::Cursor;

use super::*;

fn read(text: &str) -> Result<Matrix, MatrixError> {
    read_matrix(&mut text.as_bytes())
}

fn strings(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn text_of_any_separator_is_a_matrix() {
    for text in [
        "1 2\n3 4",
        "# by hand\n1,2\r\n3,4\r\n",
        "1\t2\n\n3\t4\n",
        "1; 2\n3; 4;\n",
        "  1.0e0   2\n  3 4  \n",
        "\u{feff}1,2,\n3,4,\n",
    ] {
        let matrix = read(text).unwrap();
        let plain =
            Matrix { rows: 2, columns: 2, values: vec![1.0, 2.0, 3.0, 4.0], row_names: None, column_names: None };
        assert_eq!(matrix, plain, "{text:?}");
    }
    assert!(read("1 nan\n3 inf\n").unwrap().values[1].is_nan());
}

#[test]
fn names_of_rows_and_columns_are_told_from_numbers() {
    for (text, rows, columns) in [
        ("a,b\n1,2\n3,4\n", None, strings(&["a", "b"])),
        (",a,b\nx,1,2\ny,3,4\n", strings(&["x", "y"]), strings(&["a", "b"])),
        ("name,a,b\nx,1,2\ny,3,4\n", strings(&["x", "y"]), strings(&["a", "b"])),
        ("\"a\" \"b\"\n\"x\" 1 2\n\"y\" 3 4\n", strings(&["x", "y"]), strings(&["a", "b"])),
        ("x 1 2\ny 3 4\n", strings(&["x", "y"]), None),
        (",0,1\n0,1,2\n1,3,4\n", strings(&["0", "1"]), strings(&["0", "1"])),
    ] {
        let matrix = read(text).unwrap();
        assert_eq!(matrix.values, [1.0, 2.0, 3.0, 4.0], "{text}");
        assert_eq!((matrix.row_names, matrix.column_names), (rows, columns), "{text}");
    }
    assert_eq!(read_names(&mut "# regions\nleft V1\n\"right V1\"\n".as_bytes()).unwrap(), ["left V1", "right V1"]);
}

#[test]
fn what_is_no_matrix_is_told_by_line_and_column() {
    for (text, expected) in [
        ("", "it has no numbers"),
        ("# nothing\n", "it has no numbers"),
        ("a,b\n", "it has no numbers"),
        ("1,2\n3\n", "line 2 has 1 cells; line 1 has 2"),
        ("1,2\n3,x4\n", "line 2, column 2 is `x4`; a number is due"),
        ("1,5;2,5\n3;4\n", "line 1, column 1 is `1,5`; a number is due"),
        ("a,b,c\n1,2\n", "line 1, the names of columns, has 3 names; there are 2 columns"),
    ] {
        let refused = read(text).map(|matrix| panic!("{text}: {matrix:?}")).unwrap_err().to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
    let refused = read_matrix(&mut &b"1 2\n3 \xff\n"[..]).unwrap_err().to_string();
    assert_eq!(refused, "line 2 is not text in UTF-8");
}

/// An archive of files that are stored as they are.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut sum = flate2::Crc::new();
        sum.update(text.as_bytes());
        let at = bytes.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(sum.sum().to_le_bytes());
        common.extend((text.len() as u32).to_le_bytes());
        common.extend((text.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, count) = (bytes.len() as u32, files.len() as u16);
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

const TVB: [(&str, &str); 5] = [
    ("c/weights.txt", "0 2\n1 0\n"),
    ("c/tract_lengths.txt", "0 20\n10 0\n"),
    ("c/centres.txt", "rV1 1 2 3\nlV1 -1 2 3\n"),
    ("c/hemispheres.txt", "1\n0\n"),
    ("c/info.txt", "not read"),
];

fn tvb(bytes: Vec<u8>) -> Result<Tvb, TvbError> {
    read_tvb(&mut Cursor::new(bytes))
}

#[test]
fn a_connectivity_of_the_virtual_brain_is_its_files() {
    let read = tvb(zip(&TVB)).unwrap();
    assert_eq!(read.weights.values, [0.0, 2.0, 1.0, 0.0]);
    assert_eq!(read.lengths_mm.unwrap().values, [0.0, 20.0, 10.0, 0.0]);
    let centres = read.centres_mm.unwrap();
    assert_eq!((centres.values, centres.row_names), (vec![1.0, 2.0, 3.0, -1.0, 2.0, 3.0], strings(&["rV1", "lV1"])));
    assert_eq!(read.is_right, Some(vec![true, false]));
    let bare = tvb(zip(&TVB[..1])).unwrap();
    assert!(bare.lengths_mm.is_none() && bare.centres_mm.is_none() && bare.is_right.is_none());
}

#[test]
fn archives_of_something_else_are_refused_in_words() {
    let refused = |files: &[(&str, &str)]| tvb(zip(files)).unwrap_err().to_string();
    assert!(refused(&[("areas.txt", "1")]).contains("no `weights.txt`; in it: areas.txt"));
    let told = refused(&[("weights.txt.bz2", "BZh9")]);
    assert!(
        told.contains("`weights.txt.bz2` is compressed within the archive") && told.contains("pack `weights.txt`"),
        "{told}"
    );
    assert!(refused(&[("a/weights.txt", "1"), ("b/weights.txt", "1")]).contains("several files called `weights.txt`"));
    assert!(refused(&[TVB[0], ("tract_lengths.txt", "1 2\n")]).contains("`tract_lengths.txt` has 1 rows; 2 are due"));
    assert!(refused(&[TVB[0], ("centres.txt", "a 1 2\nb 1 2\n")]).contains("2 columns of numbers; 3 are due"));
    assert!(refused(&[TVB[0], ("hemispheres.txt", "1\n2\n")]).contains("is 2 in row 2; allowed: 0 (left), 1 (right)"));
    assert!(tvb(b"no archive".to_vec()).unwrap_err().to_string().contains("no ZIP archive"));
}

#[test]
fn no_damage_makes_a_reader_panic() {
    let texts = [",a,b\nx,1,2\ny,3,4\n", "1 2\n3 4\n"].map(|text| text.as_bytes().to_vec());
    let whole: Vec<Vec<u8>> = texts.into_iter().chain([zip(&TVB)]).collect();
    let key = 0x9e37_79b9_7f4a_7c15_u64;
    let mut state = key;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(key);
        (state >> 33) as usize
    };
    for bytes in &whole {
        let prefixes = (0..bytes.len()).map(|end| bytes[..end].to_vec()).collect::<Vec<_>>();
        let damaged = (0..500).map(|_| {
            let mut bytes = bytes.clone();
            for _ in 0..=next() % 3 {
                let place = next() % bytes.len();
                bytes[place] = next() as u8;
            }
            bytes
        });
        for bytes in prefixes.into_iter().chain(damaged) {
            let _ = read_matrix(&mut bytes.as_slice());
            let _ = read_names(&mut bytes.as_slice());
            let _ = tvb(bytes.clone());
            let _ = read_npz_array(&mut Cursor::new(bytes), Some("a"));
        }
    }
}
