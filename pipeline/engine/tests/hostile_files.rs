//! Pipeline files from anywhere: they end in a pipeline or in messages, never in a panic.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use lapicque_pipeline::{Diagnostics, Pipeline};
use proptest::prelude::*;

const SOUND: &str = include_str!("../../../examples/recording/pipeline.yaml");

fn parse(text: &str, settings: &[String]) -> Result<Pipeline, Diagnostics> {
    Pipeline::parse(text.to_owned(), None, PathBuf::from("."), settings)
}

/// Whatever is wrong is said in words, and not at endless length.
fn ends_well(text: &str, settings: &[String]) {
    if let Err(diagnostics) = parse(text, settings) {
        assert!(!diagnostics.0.is_empty());
        let longest = diagnostics.0.iter().map(|d| d.to_string().len()).max().unwrap();
        assert!(longest < 5000, "{longest} characters");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        ends_well(&text, &[]);
    }

    #[test]
    fn damaged_files(cuts in proptest::collection::vec((any::<proptest::sample::Index>(), "[\\PC\n\t :\\[\\]{}&*!|>'\"#-]{0,6}"), 1..6)) {
        let mut text: Vec<char> = SOUND.chars().collect();
        for (at, new) in cuts {
            let at = at.index(text.len());
            let end = (at + new.chars().count() / 2).min(text.len());
            text.splice(at..end, new.chars());
        }
        ends_well(&text.into_iter().collect::<String>(), &[]);
    }

    #[test]
    fn any_setting(setting in "[a-z_.=:\\[\\]{}\"' 0-9]{0,40}") {
        ends_well(SOUND, &[setting]);
    }
}

#[test]
fn the_sound_file_is_sound() {
    assert!(parse(SOUND, &[]).is_ok());
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{a: ", "- "] {
        ends_well(&format!("lapicque: 1\nname: {}", open.repeat(100_000)), &[]);
    }
    ends_well(&"- ".repeat(100_000), &[]);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "lapicque: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let before = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", [before.as_str(); 10].join(", "));
    }
    assert!(parse(&text, &[]).is_err());
}
