//! What can be said on the command line.

mod documents;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use documents::{Model, ModelAction, Network, NetworkAction};

/// Parameters of neural circuits to recordings, and back.
#[derive(Debug, Parser)]
#[command(
    name = "lapicque",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  lapicque init my-project                       start from a small pipeline
  lapicque run my-project/pipeline.yaml          compute what is missing
  lapicque sql -p my-project/pipeline.yaml \"SELECT * FROM features_with_parameters\"
  lapicque plot -p my-project/pipeline.yaml \"SELECT J_ext, dfa FROM features_with_parameters\" --mark points -o dfa.svg
  lapicque apply features.catch22 eeg.edf -o features.csv
  lapicque stages features.catch22               what a kind of stage takes and gives

Exit codes: 0 done; 1 a stage failed; 2 bad input; 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// Folder of the store [default: .lapicque beside the pipeline file]
    #[arg(long, global = true, value_name = "DIR", env = "LAPICQUE_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Threads that compute at the same time [default: all processors]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// No progress and no remarks on stderr, only errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a folder with a small pipeline to start from
    #[command(after_help = "\
Examples:
  lapicque init my-project
  lapicque init                                  in the folder where you are")]
    Init(Init),
    /// Check a pipeline file without computing anything
    #[command(after_help = "\
Examples:
  lapicque check pipeline.yaml
  lapicque check pipeline.yaml --set spikes.duration='2 s' --json")]
    Check(Bind),
    /// Show what a run would compute, and about how long it would take
    #[command(after_help = "\
Estimates are what samples cost when they were last computed, scaled where the kind of stage can say by how much; those
marked by ~ were measured with another configuration.

Examples:
  lapicque plan pipeline.yaml
  lapicque plan pipeline.yaml --set model.estimator='{ridge: {alpha: 10.0}}'")]
    Plan(Bind),
    /// Compute what is missing
    #[command(after_help = "\
Where stderr is no terminal, a line of progress is written every 30 s.

Examples:
  lapicque run pipeline.yaml
  lapicque run pipeline.yaml --set spikes.duration='2 s' --jobs 4
  lapicque run pipeline.yaml --retry-failed
  lapicque run pipeline.yaml --verify 1%")]
    Run(Run),
    /// Explain why results of a stage are computed anew
    #[command(after_help = "\
Examples:
  lapicque why pipeline.yaml features
  lapicque why pipeline.yaml features --sample 3f2a
  lapicque why pipeline.yaml model --set model.estimator='{ridge: {alpha: 10.0}}'")]
    Why(Why),
    /// Query the tables of the latest run of this file
    #[command(after_help = "\
Where the run is not of the file as it stands now (edited since, --set in that run, not complete), stderr says so.
Tables: each stage under its name; further outputs as stage__output; stage_with_parameters; system.runs,
system.stages, system.bindings, system.lineage, system.sample_lineage, system.actions, system.events, system.columns.
run_ID.stage is the table of another run; the beginning of its id is enough.

JSON has no NaN: NULL and NaN are null, infinities are \"Infinity\" and \"-Infinity\".
With --format json-nan NaN is \"NaN\", so that it differs from NULL.
CSV has an empty cell for NULL, NaN, inf and -inf for these numbers, \"\" for an empty text.
Lists are JSON text in CSV. Parquet keeps all of them as they are.

Examples:
  lapicque sql -p pipeline.yaml \"SELECT J_ext, dfa FROM features_with_parameters ORDER BY J_ext\"
  lapicque sql -p pipeline.yaml \"SELECT * FROM spikes WHERE population = 'E'\" --format parquet -o e.parquet
  lapicque sql -p pipeline.yaml 'SELECT \"table\", \"column\", unit FROM system.columns'")]
    Sql(Sql),
    /// Draw the result of a query
    #[command(after_help = "\
The columns of the query are, in this order: x, y, colour, panel; the last two may be left out. Lines join the points of
one colour in the order of the query. A column of texts as x gives bars. Axes have the names and units of the columns.
Columns of a heatmap are x, y, value, panel; x and y are numbers, or names as of a matrix, the first on the left and on
top. A cell that has no row is black.

Examples:
  lapicque plot -p pipeline.yaml \"SELECT frequency_hz, power, population FROM spectra\" --log-y -o spectra.svg
  lapicque plot -p pipeline.yaml 'SELECT \"true\", predicted, channel, target FROM model__held_out' --mark points -o fit.png
  lapicque plot -p pipeline.yaml 'SELECT t0 + dt * unnest(range(0, cardinality(\"values\"))) AS time_ms, unnest(\"values\") AS dipole FROM dipole' -o dipole.png
  lapicque plot -p pipeline.yaml \"SELECT g, nu_ext, rate_hz, population FROM theory_with_parameters\" --mark heatmap -o plane.svg
  lapicque plot -p pipeline.yaml \"SELECT source, target, weight FROM connectome\" --mark heatmap -o connectome.svg")]
    Plot(Plot),
    /// Show what is different between the tables of two runs
    #[command(after_help = "\
One row per table and column that differs: how many values, by how much, and where most. Runs are named by the
beginning of their id or by a pin; without RUN_B the latest run is taken.

Examples:
  lapicque diff pipeline.yaml 20261124t1903
  lapicque diff pipeline.yaml paper --stage features --tolerance 1e-9 --tolerance dfa=1e-3 -o changes.csv")]
    Diff(Diff),
    /// Write a table of a run to a file, with where it comes from
    #[command(after_help = "\
Parquet files carry their provenance (run, pipeline file, versions) as metadata `lapicque`; beside CSV and JSON files
it is written to FILE.provenance.json.

Examples:
  lapicque export pipeline.yaml features -o features.parquet
  lapicque export pipeline.yaml spikes__populations --run paper -o populations.csv")]
    Export(Export),
    /// Draw the stages and how much of each is in the store
    #[command(after_help = "\
Examples:
  lapicque graph pipeline.yaml
  lapicque graph pipeline.yaml --format dot | dot -Tpng -o pipeline.png
  lapicque graph pipeline.yaml --format mermaid")]
    Graph(Graph),
    /// Read every stored result and hold it against the digest that it was stored under
    #[command(after_help = "\
Rows are read as SQL, training and sample-wise stages read them: all samples at once, single columns, by position, and
one by one. A difference is told with its table and sample, and the exit code is 1.

Examples:
  lapicque audit pipeline.yaml
  lapicque audit pipeline.yaml --json")]
    Audit(Audit),
    /// Compute a batch that another process hands out
    ///
    /// Reads a task as JSON from stdin, computes it, publishes the results to the store that it names, and writes what became of it as JSON to stdout.
    /// Schedulers of clusters start it; nobody types it. `--store` has no part in it.
    #[command(after_help = "\
Examples:
  lapicque worker < task.json > report.json")]
    Worker,
    /// Remove results that no kept run needs
    #[command(after_help = "\
Kept are pinned runs and the latest runs of each pipeline file in the store. Nothing is removed while a run is at work.
Before results are removed, the command asks; where it cannot ask, it removes nothing without --yes.

Examples:
  lapicque gc pipeline.yaml --dry-run
  lapicque gc pipeline.yaml --keep-runs 3 --yes")]
    Gc(Gc),
    /// Name a run, so that its results are kept; without --name, list the names
    #[command(after_help = "\
Examples:
  lapicque pin pipeline.yaml --name paper
  lapicque pin pipeline.yaml --name before-revision --run 20261124t1903
  lapicque pin pipeline.yaml --remove paper")]
    Pin(Pin),
    /// Apply one stage to files
    #[command(after_help = "\
Examples:
  lapicque apply features.catch22 signals.parquet -o features.parquet
  lapicque apply signal.epochs eeg.npy --set sampling_rate=\"250 Hz\" --set length=\"5 s\" --set zscore=true -o epochs.parquet
  lapicque apply simulate.spiking parameters=points.csv --set network=hagen --set duration=\"1 s\" -o spikes.parquet
  lapicque apply potential.kernels --config kernels.yaml -o kernels.parquet
  lapicque apply inverse.train features=f.parquet parameters=p.csv --config train.yaml -o model.json
  lapicque apply inverse.predict model=model.json features=f.parquet -o predictions.csv")]
    Apply(Apply),
    /// List the kinds of stages, or describe one
    #[command(after_help = "\
Examples:
  lapicque stages
  lapicque stages simulate.spiking
  lapicque stages simulate.spiking --json        with the JSON Schema of its configuration")]
    Stages(Stages),
    /// List the shipped networks, print one, or explain a network file
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
The grammar of network files is described in docs/network_files.md.

Examples:
  lapicque network                               the networks that come with lapicque
  lapicque network hagen > mine.yaml             a copy to start from
  lapicque network check mine.yaml               what it describes, or everything that is wrong with it
  lapicque network --schema > network.schema.json    for editors"
    )]
    Network(Network),
    /// Show a trained model, or explain a model that is written as equations
    #[command(after_help = "\
Examples:
  lapicque model show model.json                 what it infers from what, how well, what it was trained on
  lapicque model show model.json --json
  lapicque model check mine.yaml                 what a model of equations means, or everything that is wrong with it")]
    Model(Model),
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Pipeline file, or a folder with a pipeline.yaml
    pub(crate) pipeline: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to make
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct OnPipeline {
    /// The pipeline file, or a folder with a pipeline.yaml
    pub(crate) pipeline: PathBuf,
    /// Set a field of a stage's configuration, or with STAGE={kind: ...} the stage as a whole
    #[arg(long, value_name = "STAGE.FIELD=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Bind {
    #[command(flatten)]
    pub(crate) on: OnPipeline,
    /// Read all files again, also those that have not changed by size, time and inode
    #[arg(long)]
    pub(crate) rehash: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) on: OnPipeline,
    /// Read all files again, also those that have not changed by size, time and inode
    #[arg(long)]
    pub(crate) rehash: bool,
    /// Compute samples again that failed before
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Compute this part of the stored results again, e.g. 1%, and compare; at least one of each stage
    #[arg(long, value_name = "PERCENT", value_parser = fraction)]
    pub(crate) verify: Option<f64>,
    /// Seconds between lines of progress, where stderr is no terminal; 0 for none
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) progress_every: u32,
}

/// A part of a whole: `1%` or `0.01`.
fn fraction(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let fraction = number.trim().parse::<f64>().ok().map(|number| number / unit);
    fraction.filter(|f| (0.0..=1.0).contains(f)).ok_or_else(|| "expected a part from 0% to 100%".to_owned())
}

/// A whole number from 0, also written `1e3`.
fn seed(text: &str) -> Result<u64, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || text.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && (0.0..=EXACT).contains(v)).map(|v| v as u64);
    text.parse().ok().or_else(float).ok_or_else(|| "a whole number >= 0 is due".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    #[command(flatten)]
    pub(crate) on: OnPipeline,
    /// The stage to explain
    pub(crate) stage: String,
    /// One sample of it
    #[arg(long, value_name = "ID")]
    pub(crate) sample: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, numbers to six digits, for reading
    Table,
    /// NULL is an empty cell, an empty text `""`, NaN `NaN`, infinity `inf`; lists are JSON text
    Csv,
    /// One list of objects; NULL and NaN are null, infinity is "Infinity" or "-Infinity"
    Json,
    /// As json, but NaN is "NaN", so that it differs from NULL
    JsonNan,
    /// All digits, types and units
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The query
    pub(crate) query: String,
    /// The pipeline file, or a folder with a pipeline.yaml
    #[arg(long, short)]
    pub(crate) pipeline: PathBuf,
    /// How to write the result [default: by the extension of FILE, else table]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to a file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Compute rows again that are not kept, in memory
    #[arg(long)]
    pub(crate) compute: bool,
}

/// How rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mark {
    Lines,
    Points,
    Bars,
    /// Columns x, y, value and panel
    Heatmap,
}

#[derive(Debug, Args)]
pub(crate) struct Plot {
    /// The query: columns x, y, colour and panel
    pub(crate) query: String,
    /// The pipeline file, or a folder with a pipeline.yaml
    #[arg(long, short)]
    pub(crate) pipeline: PathBuf,
    /// The file to write: .svg or .png
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How rows are shown [default: bars if x holds texts, else lines]
    #[arg(long, value_enum)]
    pub(crate) mark: Option<Mark>,
    /// Logarithmic x axis
    #[arg(long)]
    pub(crate) log_x: bool,
    /// Logarithmic y axis
    #[arg(long)]
    pub(crate) log_y: bool,
    /// Text above the figure
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// Compute rows again that are not kept, in memory
    #[arg(long)]
    pub(crate) compute: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The pipeline file, or a folder with a pipeline.yaml
    pub(crate) pipeline: PathBuf,
    /// The earlier run
    pub(crate) run_a: String,
    /// The later run [default: the latest]
    pub(crate) run_b: Option<String>,
    /// Only the tables of this stage
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<String>,
    /// Numbers this near count as equal, as a part of the larger: of all columns, or of one
    #[arg(long, value_name = "[COLUMN=]NUMBER")]
    pub(crate) tolerance: Vec<String>,
    /// How to write the result [default: by the extension of FILE, else table]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to a file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The pipeline file, or a folder with a pipeline.yaml
    pub(crate) pipeline: PathBuf,
    /// A stage, or stage__output
    pub(crate) table: String,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The run, by the beginning of its id or a pin [default: the latest]
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// How to write it [default: by the extension of FILE]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    Text,
    Dot,
    Mermaid,
}

#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    pub(crate) on: OnPipeline,
    /// How to draw
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Drawing,
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// The pipeline file, or a folder with a pipeline.yaml, whose store is meant
    pub(crate) pipeline: PathBuf,
    /// Runs of each pipeline to keep beside pinned ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) keep_runs: usize,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// The pipeline file, or a folder with a pipeline.yaml
    pub(crate) pipeline: PathBuf,
    /// The name to give
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The run, by the beginning of its id [default: the latest]
    #[arg(long, requires = "name")]
    pub(crate) run: Option<String>,
    /// Remove a name
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(crate) remove: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The kind of stage, e.g. features.catch22
    pub(crate) kind: String,
    /// Input files, by port or in the order of the ports
    #[arg(value_name = "[PORT=]FILE")]
    pub(crate) files: Vec<String>,
    /// The stage's configuration
    #[arg(long, value_name = "FILE.yaml")]
    pub(crate) config: Option<PathBuf>,
    /// Set a field of the configuration
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// Write to this file: .parquet, .csv or .json [default: a table on stdout]
    #[arg(short = 'o', value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// The output to write [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) output: Option<String>,
    /// Seed of stages that draw random numbers
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Stages {
    /// The kind to describe
    pub(crate) kind: Option<String>,
}
