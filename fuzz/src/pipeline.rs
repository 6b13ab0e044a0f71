//! Pipeline files: a pipeline that says the same when it is read again, or messages of bounded length.

use std::path::PathBuf;

use lapicque_pipeline::Pipeline;

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A line that begins so is a setting of the command line.
    let (settings, text) = match text.strip_prefix("--set ").and_then(|rest| rest.split_once('\n')) {
        Some((setting, rest)) => (vec![setting.to_owned()], rest),
        None => (Vec::new(), text),
    };
    match Pipeline::parse(text.to_owned(), None, PathBuf::from("."), &settings) {
        Ok(pipeline) => {
            assert!(pipeline.source.says_the_same(text));
            assert!(!pipeline.stages.is_empty());
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            let told: usize = problems.0.iter().map(|problem| problem.to_string().len()).sum();
            assert!(told <= 10_000 + 1000 * data.len(), "{told} characters of messages");
        }
    }
}
