//! An interpreter that runs one function, call after call.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use lapicque_pipeline::{Context, FailureReason, SampleError};
use lapicque_schemas::DigestBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outcome::{Failed, Given};
use crate::printed::Printed;
use crate::process::{Process, how, start};

/// Runs in the interpreter.
pub(super) const MODULE: &str = include_str!("lapicque_stage.py");
/// What answers begin with.
const BEGIN: &[u8] = b"\x1elapicque answers\n";
/// What may be printed before.
const MOST_LINES: usize = 10_000;
const LONGEST_LINE: u64 = 1 << 16;
/// Bytes that are written and read at a time.
const BUFFER: usize = 1 << 20;
/// How often a call looks whether it is cancelled, and whether the interpreter is still there.
const WATCH: Duration = Duration::from_millis(20);
/// Frames of a traceback that are told, innermost.
const FRAMES: usize = 5;
/// Characters of an exception's message that are told.
const MESSAGE: usize = 1500;

/// An interpreter with the function loaded; ended when it is dropped.
pub(super) struct Worker {
    process: Process,
    printed: Printed,
    calls: Sender<Frame>,
    answers: Receiver<io::Result<Answer>>,
    /// Calls that were answered, as the interpreter counts them.
    answered: u64,
}

/// A head, and the tables that follow it.
pub(super) struct Frame {
    pub(super) head: Value,
    pub(super) tables: Vec<RecordBatch>,
    /// Whether an answer follows.
    pub(super) is_call: bool,
}

enum Answer {
    Tables(Vec<RecordBatch>),
    Failure(Failure),
}

/// An exception.
#[derive(Debug, Deserialize)]
struct Failure {
    r#type: Option<String>,
    message: String,
    frames: Vec<TracebackFrame>,
    /// Whether it depends on the machine rather than on the input.
    of_machine: bool,
}

#[derive(Debug, Deserialize)]
struct TracebackFrame {
    file: String,
    line: u64,
    function: String,
    text: String,
}

/// How interpreters are started.
pub(super) struct Start<'a> {
    pub(super) interpreter: &'a Path,
    /// The working directory.
    pub(super) folder: &'a Path,
    pub(super) threads: usize,
    pub(super) setup: &'a Value,
}

/// An interpreter that runs the module, which it reads before its frames.
pub(super) fn command(interpreter: &Path, folder: &Path) -> Command {
    let length = MODULE.len();
    let begin = format!(
        "import os\nd=b''\nwhile len(d)<{length}:\n p=os.read(0,{length}-len(d))\n if not p: os._exit(0)\n d+=p\nexec(compile(d,'lapicque_stage.py','exec'),{{'__name__':'lapicque_stage'}})"
    );
    let mut command = Command::new(interpreter);
    command.arg("-c").arg(begin).current_dir(folder);
    // Sets have one order, and no files are written beside those of users.
    command.env("PYTHONHASHSEED", "0").env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONIOENCODING", "utf-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Starts an interpreter and loads the script.
pub(super) fn load(begin: &Start<'_>, context: &Context<'_>) -> Result<Worker, Failed> {
    let mark = mark();
    let mut head = begin.setup.clone();
    head["mark"] = json!(mark);
    let mut worker = spawn(begin, mark)
        .map_err(|error| SampleError::crashed(format!("cannot start `{}`: {error}", begin.interpreter.display())))?;
    worker.ask(Frame { head, tables: Vec::new(), is_call: true }, context).map_err(|failed| {
        let message = format!("the script could not be loaded: {}", failed.error.message);
        match failed.error.reason {
            FailureReason::Cancelled => failed,
            // It depends on what is installed, which is no part of the key.
            _ => Failed { error: SampleError::crashed(message), ..failed },
        }
    })?;
    Ok(worker)
}

fn spawn(begin: &Start<'_>, mark: String) -> io::Result<Worker> {
    let mut command = command(begin.interpreter, begin.folder);
    let (listen, speak) = io::pipe()?;
    command.stderr(speak);
    let mut process = start(&mut command, begin.threads)?;
    // The pipe ends with the last process that writes to it: this one must not be among them.
    drop(command);
    let printed = Printed::hear(listen, Some(mark))?;
    let gone = || io::Error::other("its pipes are gone");
    let input = process.child().stdin.take().ok_or_else(gone)?;
    let output = process.child().stdout.take().ok_or_else(gone)?;
    let (calls, taken) = channel();
    let (tell, answers) = channel();
    let talk = move || talk(input, output, &taken, &tell);
    std::thread::Builder::new().name("interpreter".to_owned()).spawn(talk)?;
    Ok(Worker { process, printed, calls, answers, answered: 0 })
}

/// Text that stands in no output of a user.
fn mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut builder = DigestBuilder::new("lapicque mark 1");
    builder.number(u64::from(std::process::id())).number(NEXT.fetch_add(1, Ordering::Relaxed));
    builder.number(now.as_nanos() as u64);
    format!("\u{1e}lapicque {} ", builder.finish())
}

/// Writes frames and reads answers, until one of the two ends.
fn talk(input: ChildStdin, output: ChildStdout, calls: &Receiver<Frame>, tell: &Sender<io::Result<Answer>>) {
    let mut input = BufWriter::with_capacity(BUFFER, input);
    let mut output = BufReader::with_capacity(BUFFER, output);
    if input.write_all(MODULE.as_bytes()).is_err() {
        // Why, the first call will find out.
    }
    let mut has_begun = false;
    while let Ok(frame) = calls.recv() {
        let is_call = frame.is_call;
        let answer = write_frame(&mut input, frame).and_then(|()| {
            if !is_call {
                return Ok(None);
            }
            input.flush()?;
            if !has_begun {
                skip_to_answers(&mut output)?;
                has_begun = true;
            }
            read_answer(&mut output).map(Some)
        });
        let is_broken = answer.is_err();
        let told = match answer {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => tell.send(Ok(answer)),
            Err(error) => tell.send(Err(error)),
        };
        if told.is_err() || is_broken {
            return;
        }
    }
}

fn write_frame(out: &mut impl Write, frame: Frame) -> io::Result<()> {
    let head = frame.head.to_string();
    let length = u32::try_from(head.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(head.as_bytes())?;
    for table in frame.tables {
        let mut writer = StreamWriter::try_new(&mut *out, &table.schema()).map_err(of_pipe)?;
        writer.write(&table).and_then(|()| writer.finish()).map_err(of_pipe)?;
    }
    Ok(())
}

/// Leaves out what the interpreter prints before it answers.
pub(super) fn skip_to_answers(from: &mut impl BufRead) -> io::Result<()> {
    let mut line = Vec::new();
    for _ in 0..MOST_LINES {
        line.clear();
        if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.ends_with(BEGIN) {
            return Ok(());
        }
    }
    Err(io::Error::other("it prints without end before it begins"))
}

/// The head of a frame.
pub(super) fn read_head(from: &mut impl Read) -> io::Result<Value> {
    const MOST: u32 = 1 << 28;
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MOST {
        return Err(io::Error::other("an answer without end"));
    }
    let mut head = vec![0; length as usize];
    from.read_exact(&mut head)?;
    serde_json::from_slice(&head).map_err(io::Error::other)
}

fn read_answer(from: &mut impl Read) -> io::Result<Answer> {
    let mut head = read_head(from)?;
    if let Some(failure) = head.get_mut("failure") {
        return serde_json::from_value(failure.take()).map(Answer::Failure).map_err(io::Error::other);
    }
    let tables = head["tables"].as_u64().unwrap_or_default();
    (0..tables).map(|_| read_table(from)).collect::<io::Result<_>>().map(Answer::Tables)
}

fn read_table(from: &mut impl Read) -> io::Result<RecordBatch> {
    let reader = StreamReader::try_new(from, None).map_err(of_pipe)?;
    let schema = reader.schema();
    let mut batches = reader.collect::<Result<Vec<_>, _>>().map_err(of_pipe)?;
    match batches.len() {
        1 => Ok(batches.remove(0)),
        _ => concat_batches(&schema, &batches).map_err(io::Error::other),
    }
}

/// A pipe that has ended is told from tables that are none.
fn of_pipe(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}

impl Worker {
    /// Tables that all later calls are given.
    pub(super) fn hold(&mut self, ports: Vec<&str>, tables: Vec<RecordBatch>) {
        let head = json!({"op": "hold", "ports": ports});
        // One that is gone is told by the next call.
        let _ = self.calls.send(Frame { head, tables, is_call: false });
    }

    /// One call, ended with the interpreter when it is cancelled.
    pub(super) fn ask(&mut self, frame: Frame, context: &Context<'_>) -> Result<Given, Failed> {
        if self.calls.send(frame).is_err() {
            return Err(self.died(None));
        }
        let answer = loop {
            match self.answers.recv_timeout(WATCH) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Timeout) => {
                    if context.is_cancelled() {
                        self.process.end();
                        return Err(SampleError::cancelled().into());
                    }
                    // What it has started may hold its pipes open.
                    if self.process.ended().is_some() {
                        return Err(self.died(None));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.died(None)),
            }
        };
        let answer = answer.map_err(|error| self.died(Some(error)))?;
        self.answered += 1;
        let printed = self.printed.up_to(self.answered);
        match answer {
            Answer::Tables(tables) => Ok(Given { tables, printed }),
            Answer::Failure(failure) => {
                let told = failure.told();
                let error = if failure.of_machine { SampleError::crashed(told) } else { SampleError::input(told) };
                Err(Failed { error, printed })
            }
        }
    }

    /// Whether it can be asked again.
    pub(super) fn is_well(&mut self) -> bool {
        self.process.ended().is_none()
    }

    fn died(&mut self, error: Option<io::Error>) -> Failed {
        let unreadable =
            error.filter(|error| !matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe));
        let status = self.process.end_soon();
        let printed = self.printed.all();
        let message = match (unreadable, status) {
            (Some(error), None) => format!("the interpreter gave an answer that cannot be read: {error}"),
            (_, status) => format!("the interpreter {}", how(status)),
        };
        Failed { error: SampleError::crashed(message), printed }
    }
}

impl Failure {
    fn told(&self) -> String {
        let mut message: String = self.message.trim().chars().take(MESSAGE).collect();
        if self.message.trim().chars().nth(MESSAGE).is_some() {
            message += " ...";
        }
        let Some(name) = &self.r#type else {
            return message;
        };
        let mut text = if message.is_empty() { name.clone() } else { format!("{name}: {message}") };
        let left_out = self.frames.len().saturating_sub(FRAMES);
        if left_out > 0 {
            text += &format!("\n  ... {left_out} frames left out");
        }
        for frame in &self.frames[left_out..] {
            text += &format!("\n  {}, line {}", frame.file, frame.line);
            if !frame.function.is_empty() {
                text += &format!(", in {}", frame.function);
            }
            if !frame.text.is_empty() {
                text += &format!(": {}", frame.text.chars().take(120).collect::<String>());
            }
        }
        text
    }
}
