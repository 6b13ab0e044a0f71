//! The `lapicque` command.

mod answering;
mod apply;
mod arguments;
mod audit;
mod check;
mod csv_text;
mod diff;
mod error;
mod export;
mod gc;
mod graph;
mod init;
mod json_numbers;
mod model;
mod network;
mod plan;
mod plot;
mod progress;
mod project;
mod run;
mod sql;
mod stages;
mod table_output;
mod text;
mod why;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use error::CommandError;

fn main() -> ExitCode {
    #[cfg(feature = "faults")]
    let _faults = lapicque_store::faults_from_environment();
    lapicque_pipeline::take_down_backtraces();
    let arguments = Arguments::parse();
    let shared = &arguments.shared;
    let result = match &arguments.command {
        Command::Init(command) => init::init(command),
        Command::Check(command) => check::check(command, shared),
        Command::Plan(command) => plan::plan(command, shared),
        Command::Run(command) => run::run(command, shared),
        Command::Why(command) => why::why(command, shared),
        Command::Sql(command) => sql::sql(command, shared),
        Command::Plot(command) => plot::plot(command, shared),
        Command::Diff(command) => diff::diff(command, shared),
        Command::Export(command) => export::export(command, shared),
        Command::Graph(command) => graph::graph(command, shared),
        Command::Audit(command) => audit::audit(command, shared),
        Command::Worker => worker::worker(shared),
        Command::Gc(command) => gc::gc(command, shared),
        Command::Pin(command) => gc::pin(command, shared),
        Command::Apply(command) => apply::apply(command, shared),
        Command::Stages(command) => stages::stages(command, shared),
        Command::Network(command) => network::network(command, shared),
        Command::Model(command) => model::model(command, shared),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(message) = error.message() {
                // Nothing is left to tell it to if stderr is gone.
                let _ = writeln!(std::io::stderr(), "error: {message}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes data to stdout; a reader that has seen enough is no error.
fn print(text: &str) -> Result<(), CommandError> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CommandError::Output(error.to_string())),
        _ => Ok(()),
    }
}

/// Writes a message to stderr.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
