//! Delimited text, sound and broken, against what was put into it.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

type Read = (Vec<String>, Vec<(u64, Vec<(String, bool)>)>, Vec<String>);

fn read_as(text: &[u8], separator: Separator) -> Result<Read, DelimitedError> {
    let mut table = Table::new(Cursor::new(text), separator)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        rows.push((row.line, row.cells().map(|cell| (cell.text.to_owned(), cell.quoted)).collect()));
    }
    Ok((table.names().to_vec(), rows, table.notes().to_vec()))
}

fn read(text: &str) -> Result<Read, DelimitedError> {
    read_as(text.as_bytes(), Separator::Comma)
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn cells(text: &str) -> Vec<Vec<String>> {
    read(text).unwrap().1.into_iter().map(|(_, cells)| cells.into_iter().map(|(text, _)| text).collect()).collect()
}

#[test]
fn blanks_around_cells_go_and_blanks_in_quotes_stay() {
    assert_eq!(cells("a,b,c\n x , \" y \" ,z\t\n"), [["x", " y ", "z"]]);
    assert_eq!(cells("a,b\n\"\",\"\"\"\"\n"), [["", "\""]]);
    assert_eq!(cells("a,b\n\"x,\"\"y\"\"\", 5\" \n"), [["x,\"y\"", "5\""]]);
    let quoted: Vec<bool> = read("a,b\nx,\"x\"\n").unwrap().1[0].1.iter().map(|cell| cell.1).collect();
    assert_eq!(quoted, [false, true]);
    // No-break spaces are letters of a name.
    assert_eq!(cells("a,b\n\u{a0}x,y\n"), [["\u{a0}x", "y"]]);
}

#[test]
fn names_are_as_written() {
    for name in ["001", "1e3", "nan", "NA", "true", "1.0", "+1", "12345678901234567890123", "S\u{e4}", "\u{1f9e0}", "."]
    {
        assert_eq!(cells(&format!("{name},b\n{name},\"{name}\"\n")), [[name, name]]);
        assert_eq!(read(&format!("b,{name}\n1,2\n")).unwrap().0[1], name);
    }
}

#[test]
fn lines_end_in_three_ways_and_are_counted() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "a,b\n\n1,\"2\n3\"\n   \n4,5".replace('\n', end);
        let rows = read(&text).unwrap().1;
        assert_eq!(rows[0].1[1].0, format!("2{end}3"), "{end:?}");
        assert_eq!((rows[0].0, rows[1].0), (3, 6), "{end:?}");
    }
    let (names, rows, _) = read("\u{feff}a,b\r\n1,2\r\n").unwrap();
    assert_eq!((names[0].as_str(), rows.len()), ("a", 1));
}

#[test]
fn tabs_and_semicolons_separate() {
    let (names, rows, notes) = read_as(b"a\tb, c\td\n1\t\t \"x\ty\"\n\t\t\n", Separator::Tab).unwrap();
    assert_eq!(names, ["a", "b, c", "d"]);
    let texts = |row: usize| rows[row].1.iter().map(|cell| cell.0.as_str()).collect::<Vec<_>>();
    assert_eq!((texts(0), texts(1)), (vec!["1", "", "x\ty"], vec!["", "", ""]));
    assert!(notes.is_empty());
    let (names, rows, notes) = read("a;b\n1;2,5\n").unwrap();
    assert_eq!((names.len(), rows[0].1[1].0.as_str()), (2, "2,5"));
    assert_eq!(notes, ["cells are separated by semicolons"]);
    assert_eq!(read("a\tb\n1\t2\n").unwrap().2, ["cells are separated by tabs"]);
    assert_eq!(read("a;b,c\n1,2\n").unwrap().0, ["a;b", "c"]);
    assert_eq!(read("\"a;b\"\n1\n").unwrap().0, ["a;b"]);
}

#[test]
fn names_of_rows_and_comments_are_passed_over_with_a_note() {
    for header in [",a,b", "\"\",a,b", "Unnamed: 0,a,b"] {
        let (names, rows, notes) = read(&format!("{header}\nr1,1,2\n")).unwrap();
        assert_eq!((names.len(), rows[0].1.len(), rows[0].1[0].0.as_str()), (2, 2, "1"), "{header}");
        assert!(notes[0].contains("names of the rows"), "{notes:?}");
    }
    let (names, _, notes) = read("# made by x\n% 2024\na,b\n#1,2\n").unwrap();
    assert_eq!(
        (names, notes),
        (vec!["a".to_owned(), "b".into()], vec!["2 comment lines are passed over before the header".to_owned()])
    );
    assert_eq!(read("\"#a\",b\n1,2\n").unwrap().0[0], "#a");
    assert!(error("#a,b\n1,2\n").starts_with("line 1 begins with `#` and has as many cells as line 2"));
    // A separator at the end of each line leaves a column of nothing.
    assert_eq!(read("a,b,\n1,2,\n").unwrap().0.len(), 2);
    assert!(error("a,b,\n1,2,\n1,2,x\n").starts_with("line 3 has `x` in column 3, which has no name"));
}

#[test]
fn what_is_broken_is_placed() {
    for (text, expected) in [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("\"\"\n1\n", "column 1 of the header is empty"),
        ("a,b,a\n", "column 3 of the header is `a` again"),
        (",a,a\n", "column 3 of the header is `a` again"),
        ("a,b\n1\n", "line 2 has 1 cells; the header has 2"),
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 cells; the header has 2"),
        ("a,b\n1,\"2\n3,4\n", "line 2 opens a quote"),
        ("a,b\n\"1\"x,2\n", "line 2 opens a quote"),
        ("a,b\n\n1,\"2\" 3\n", "line 3 opens a quote"),
    ] {
        assert!(error(text).contains(expected), "{text:?}: {}", error(text));
    }
    let latin = read_as(b"a,b\n1,2\n\xb5,2\n", Separator::Comma).unwrap_err().to_string();
    assert_eq!(latin, "line 3 is not text in UTF-8");
    assert_eq!(read_as(b"a,b\n\"\xb5\",2\n", Separator::Comma).unwrap_err().to_string(), "line 2 is not text in UTF-8");
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn what_is_written_in_quotes_is_read(
        rows in prop::collection::vec(prop::collection::vec("\\PC{0,6}|[ ,\t\r\n\";#]{0,6}", 3), 0..6),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        tab in any::<bool>(),
    ) {
        let separator = if tab { "\t" } else { "," };
        let line = |row: &Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(separator);
        let text = std::iter::once(["a", "b", "c"].join(separator)).chain(rows.iter().map(line)).collect::<Vec<_>>().join(end);
        let found = read_as(text.as_bytes(), if tab { Separator::Tab } else { Separator::Comma }).unwrap().1;
        let found: Vec<Vec<String>> = found.into_iter().map(|(_, cells)| cells.into_iter().map(|cell| cell.0).collect()).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn bare_cells_are_cut_as_a_plain_split_cuts_them(rows in prop::collection::vec(prop::collection::vec("[ a-z0-9.é\"]{0,6}", 2..4), 1..6)) {
        let bare = |cell: &String| if cell.trim_start().starts_with('"') { format!("x{cell}") } else { cell.clone() };
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(bare).collect()).collect();
        let width = rows[0].len();
        let names: Vec<String> = (0..width).map(|i| format!("c{i}")).collect();
        let same: Vec<&Vec<String>> = rows.iter().filter(|row| row.len() == width).collect();
        let text = std::iter::once(names.join(",")).chain(same.iter().map(|row| row.join(","))).collect::<Vec<_>>().join("\n");
        let expected: Vec<Vec<String>> =
            same.iter().map(|row| row.iter().map(|cell| cell.trim_matches(' ').to_owned()).collect()).collect();
        prop_assert_eq!(cells(&text), expected);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(b"ab1,;\t\r\n\"\"# \xc3\xa4\xff".to_vec()), 0..60)) {
        for separator in [Separator::Comma, Separator::Tab] {
            let _ = read_as(&bytes, separator);
        }
    }
}
