//! Model files of equations: a model that is explained within small limits and whose canonical text is the same model, or
//! messages of bounded length with places in the file.

use lapicque_equations::network::explain::explain;
use lapicque_equations::network::file::{ModelFile, ModelFileError, canonical_text};

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = match ModelFile::parse(text, "fuzz.yaml") {
        Ok(file) => file,
        Err(error) => return told(&error, text),
    };
    if let Ok(canonical) = canonical_text(file.name(), file.model()) {
        let again =
            ModelFile::parse(&canonical, "canonical.yaml").unwrap_or_else(|error| panic!("{error}\n{canonical}"));
        assert!(again.model() == file.model(), "{canonical}");
    }
    match explain(file.model(), None, Some(100_000_000)) {
        Ok(explained) => {
            assert!(explained.memory.total_bytes() <= 1e8);
            assert!(!explained.page().is_empty());
        }
        Err(errors) => told(&file.located(&errors), text),
    }
}

fn told(error: &ModelFileError, text: &str) {
    assert!((1..=20).contains(&error.faults.len()));
    let lines = text.split('\n').count() as u64;
    for fault in &error.faults {
        assert!(fault.line >= 1 && fault.column >= 1 && fault.line <= lines + 1, "{fault:?}");
        assert!(!fault.message.is_empty());
    }
    let length = error.to_string().len();
    assert!(length <= 50_000 + 100 * text.len(), "{length} characters of messages");
}
