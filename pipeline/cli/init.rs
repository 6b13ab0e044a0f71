//! `lapicque init`: a folder with a small pipeline.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::arguments::Init;
use crate::error::CommandError;
use crate::tell;

const FILES: [(&str, &str); 3] = [
    ("pipeline.yaml", include_str!("../../examples/quickstart/pipeline.yaml")),
    ("README.md", include_str!("../../examples/quickstart/README.md")),
    (".gitignore", ".lapicque/\n"),
];

pub(crate) fn init(command: &Init) -> Result<(), CommandError> {
    let failed =
        |path: &std::path::Path, error: std::io::Error| CommandError::Input(format!("{}: {error}", path.display()));
    fs::create_dir_all(&command.folder).map_err(|error| failed(&command.folder, error))?;
    // Nothing is written where something would be overwritten.
    for (name, _) in FILES {
        let path = command.folder.join(name);
        if path.exists() {
            return Err(CommandError::Input(format!("{} is there already", path.display())));
        }
    }
    for (name, text) in FILES {
        let path = command.folder.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(&path, error))?;
    }
    let folder = command.folder.display();
    tell(&format!("made {folder}/pipeline.yaml; next: lapicque run {folder}"));
    Ok(())
}
