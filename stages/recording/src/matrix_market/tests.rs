use std::io::Cursor;

use super::*;

fn read(text: &str) -> Result<Entries, MatrixMarketError> {
    read_matrix_market(&mut Cursor::new(text))
}

fn entries(text: &str) -> Vec<(u32, u32, f64)> {
    read(text).unwrap_or_else(|error| panic!("{text}: {error}")).entries
}

fn told(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn coordinates_count_from_one() {
    let text = "%%MatrixMarket matrix coordinate real general\n% a comment\n\n3 4 3\n1 1 1.5\n3 4 -2e-1\r\n2 1 0\n";
    let found = read(text).unwrap();
    assert_eq!((found.rows, found.columns), (3, 4));
    assert_eq!(found.entries, [(0, 0, 1.5), (2, 3, -0.2), (1, 0, 0.0)]);
    assert_eq!(entries("%%matrixmarket MATRIX Coordinate Pattern General\n2 2 1\n2 1"), [(1, 0, 1.0)]);
    assert_eq!(entries("%%MatrixMarket matrix coordinate integer general\n0 0 0\n"), []);
}

#[test]
fn the_other_half_of_symmetric_matrices_is_added() {
    let symmetric = "%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 3\n2 1 4\n";
    assert_eq!(entries(symmetric), [(0, 0, 3.0), (1, 0, 4.0), (0, 1, 4.0)]);
    let skew = "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 4\n";
    assert_eq!(entries(skew), [(1, 0, 4.0), (0, 1, -4.0)]);
    // Column after column from the diagonal on.
    let dense = "%%MatrixMarket matrix array real symmetric\n3 3\n1\n2\n0\n4\n5\n6\n";
    assert_eq!(
        entries(dense),
        [(0, 0, 1.0), (1, 0, 2.0), (0, 1, 2.0), (1, 1, 4.0), (2, 1, 5.0), (1, 2, 5.0), (2, 2, 6.0)]
    );
    let below = "%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n";
    assert_eq!(entries(below).iter().step_by(2).copied().collect::<Vec<_>>(), [(1, 0, 1.0), (2, 0, 2.0), (2, 1, 3.0)]);
}

#[test]
fn dense_matrices_go_down_their_columns() {
    let text = "%%MatrixMarket matrix array real general\n2 3\n1\n2\n3 4\n5\n0\n";
    assert_eq!(entries(text), [(0, 0, 1.0), (1, 0, 2.0), (0, 1, 3.0), (1, 1, 4.0), (0, 2, 5.0)]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let general = |rest: &str| format!("%%MatrixMarket matrix coordinate real general\n{rest}");
    for (text, expected) in [
        (String::new(), "its first line is ``; expected e.g. `%%MatrixMarket matrix coordinate real general`"),
        ("1,2\n3,4\n".to_owned(), "its first line is `1,2"),
        ("%%MatrixMarket vector coordinate real general\n".to_owned(), "its object is `vector`; allowed: matrix"),
        ("%%MatrixMarket matrix coordinate complex general\n".to_owned(), "its field is `complex`"),
        ("%%MatrixMarket matrix array pattern general\n".to_owned(), "its field is `pattern`"),
        ("%%MatrixMarket matrix coordinate real hermitian\n".to_owned(), "its symmetry is `hermitian`"),
        ("%%MatrixMarket matrix list real general\n".to_owned(), "its format is `list`"),
        ("%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1\n".to_owned(), "has 2 rows and 3 columns"),
        (general(""), "line 1 is ``; expected the numbers of rows, columns and entries"),
        (general("2 2\n"), "line 2 is `2 2`"),
        (general("2 2 x\n"), "line 2 is `2 2 x`"),
        (general("4294967296 2 0\n"), "below 4294967296"),
        (general("2 2 1\n1 1\n"), "entries are announced; 4 bytes are left for them, and 5 at least are needed"),
        (general("2 2 1\n1 1    \n"), "line 3 is `1 1`; expected a row, a column and a number"),
        (general("2 2 1\n1 1 x\n"), "line 3 is `1 1 x`"),
        (general("2 2 1\n1 1 1 1\n"), "line 3 is `1 1 1 1`"),
        (general("2 2 1\n1 3 1\n"), "line 3 is row 1, column 3; rows are 1 to 2, columns 1 to 2"),
        (general("2 2 1\n0 1 1\n"), "line 3 is row 0, column 1"),
        (general("2 2 2\n1 1 1.00000\n"), "the file ends after 1 of 2 entries"),
        (general("2 2 1\n1 1 1\n2 2 1\n"), "line 4 comes after the last of 1 entries"),
        (general("2 2 99999999999\n1 1 1\n"), "99999999999 entries are announced"),
        (
            "%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n".to_owned(),
            "row 1, column 2 of a symmetric matrix; expected the lower triangle",
        ),
        (
            "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n".to_owned(),
            "expected the lower triangle without its diagonal",
        ),
        ("%%MatrixMarket matrix array real general\n2 2\n1\n2\nx\n4\n".to_owned(), "line 5 is `x`; expected a number"),
        (
            "%%MatrixMarket matrix array real general\n400000 400000\n1\n".to_owned(),
            "160000000000 entries are announced",
        ),
        (general(&format!("% {}\n", "x".repeat(5000))), "line 2 is no text, or longer"),
    ] {
        let found = told(&text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}
