//! Starts the program for samples.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lapicque_pipeline::{Batch, Bound, Context, FileRef, SampleError, SampleOutput, Stage};

use super::files::{Format, read, write};
use super::template::{Piece, Word, filled, plain, quoted};
use crate::outcome::{Call, Failed, Given, Shape, results};
use crate::printed::Printed;
use crate::process::{how, start};

/// How often a call looks whether the program has ended, at first and at last.
const WATCH: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(20));
/// The program begins when it has been told of to whoever ends it if this process is killed.
const GO: &[u8] = b"go\n";
/// What shells say of programs that are not there.
const NO_PROGRAM: [i32; 2] = [126, 127];

/// What is started.
pub(super) enum Line {
    Words(Vec<Word>),
    Shell(Vec<Piece>),
}

pub(super) struct CommandStage {
    pub(super) bound: Bound,
    pub(super) shape: Shape,
    pub(super) line: Line,
    /// Of the placeholders that are the same for all samples.
    pub(super) values: BTreeMap<String, String>,
    pub(super) format: Format,
    pub(super) output_format: Format,
    pub(super) threads: usize,
    pub(super) memory_limit: Option<u64>,
    /// All that went into the key.
    pub(super) files: Vec<FileRef>,
}

impl Stage for CommandStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        if let Err(changed) = self.unchanged() {
            return batch.samples.iter().map(|_| Err(changed.clone())).collect();
        }
        results(&self.shape, context, batch, &|call| self.call(context, batch, call))
    }
}

impl CommandStage {
    fn unchanged(&self) -> Result<(), SampleError> {
        self.files.iter().try_for_each(|file| {
            file.unchanged().map_err(|error| SampleError::changed(format!("`{}`: {error}", file.name)))
        })
    }

    fn call(&self, context: &Context<'_>, batch: &Batch, call: &Call<'_>) -> Result<Given, Failed> {
        let on_machine =
            |error: &dyn std::fmt::Display| SampleError::crashed(format!("cannot prepare the program: {error}"));
        // It is removed when the call ends, with whatever the program has left there.
        let folder = tempfile::Builder::new().prefix("lapicque-").tempdir().map_err(|error| on_machine(&error))?;
        let mut values = self.values.clone();
        let tables = call.tables.iter().map(|(port, table)| (*port, table));
        let broadcast = batch.broadcast.iter().map(|(port, table)| (port.as_str(), table));
        for (port, table) in tables.chain(broadcast) {
            let path = folder.path().join(format!("{port}.{}", self.format.extension()));
            write(table, self.format, &path)
                .map_err(|error| SampleError::input(format!("the file of `{port}` cannot be written: {error}")))?;
            values.insert(port.to_owned(), path.display().to_string());
        }
        let mut outputs = Vec::new();
        for output in &self.shape.outputs {
            let path = folder.path().join(format!("output_{}.{}", output.name, self.output_format.extension()));
            values.insert(format!("output.{}", output.name), path.display().to_string());
            values.insert("output".to_owned(), path.display().to_string());
            outputs.push((output, path));
        }
        let seeds: Vec<String> = call.seeds.iter().map(u64::to_string).collect();
        values.insert("seed".to_owned(), seeds.join(","));
        let printed = self.run_program(context, folder.path(), &values)?;
        // What ran must be what was hashed.
        self.unchanged()?;
        let failed = |message: String| Failed { error: SampleError::input(message), printed: printed.clone() };
        let mut tables = Vec::new();
        for (output, path) in outputs {
            if !path.is_file() {
                return Err(failed(format!("the program ended well and wrote no file `{{output.{}}}`", output.name)));
            }
            let due = match self.shape.batched {
                true => crate::joined::numbered(&output.schema),
                false => output.schema.clone(),
            };
            let table = read(&due, self.output_format, &path);
            tables.push(
                table.map_err(|error| failed(format!("the file that the program wrote cannot be read: {error}")))?,
            );
        }
        Ok(Given { tables, printed })
    }

    fn run_program(
        &self,
        context: &Context<'_>,
        folder: &Path,
        values: &BTreeMap<String, String>,
    ) -> Result<Option<String>, Failed> {
        let unstarted =
            |error: &dyn std::fmt::Display| SampleError::crashed(format!("cannot start the program: {error}"));
        let (listen, speak) = std::io::pipe().map_err(|error| unstarted(&error))?;
        let mut command = self.command(values);
        command.current_dir(folder).stdin(Stdio::piped());
        command.stdout(speak.try_clone().map_err(|error| unstarted(&error))?).stderr(speak);
        let mut process = start(&mut command, self.threads).map_err(|error| unstarted(&error))?;
        if let Some(mut go) = process.child().stdin.take() {
            // One that has ended already is told by how it did.
            let _ = go.write_all(GO);
        }
        drop(command);
        let printed = Printed::hear(listen, None).map_err(|error| unstarted(&error))?;
        let mut wait = WATCH.0;
        let status = loop {
            if let Some(status) = process.ended() {
                break status;
            }
            if context.is_cancelled() {
                process.end();
                return Err(SampleError::cancelled().into());
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(WATCH.1);
        };
        // What it has left behind ends with it.
        process.end();
        let printed = printed.all();
        let message = format!("the program {}", how(Some(status)));
        match status.code() {
            Some(0) => Ok(printed),
            Some(code) if !NO_PROGRAM.contains(&code) => Err(Failed { error: SampleError::input(message), printed }),
            _ => Err(Failed { error: SampleError::crashed(message), printed }),
        }
    }

    fn command(&self, values: &BTreeMap<String, String>) -> Command {
        let words: Vec<String> = match &self.line {
            Line::Words(words) => words.iter().map(|word| filled(word, values, plain)).collect(),
            Line::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), filled(line, values, quoted)],
        };
        let limit = self.memory_limit.map(|bytes| format!("ulimit -v {} && ", bytes.div_ceil(1024)));
        let begin = format!("read -r go && {}exec \"$@\" </dev/null", limit.unwrap_or_default());
        let mut all: Vec<String> =
            if cfg!(unix) { ["/bin/sh", "-c", &begin, "sh"].map(str::to_owned).into() } else { Vec::new() };
        all.extend(words);
        let mut command = Command::new(all.first().map(String::as_str).unwrap_or_default());
        command.args(all.iter().skip(1));
        command
    }
}
