//! A pipeline from Rust: run what is missing, then query its tables.
//!
//! ```sh
//! cargo run --release --example sweep
//! ```

#![expect(clippy::print_stdout, reason = "it is a command")]

use std::path::Path;

use arrow::util::pretty::pretty_format_batches;
use lapicque::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    let pipeline = Pipeline::read(&folder.join("pipeline.yaml"), &["spikes.duration=750 ms".to_owned()])?;
    let graph = Graph::bind(&pipeline, &registry())?;
    let store = ParquetStore::open(&folder.join(".lapicque"))?;
    let record = lapicque::run_to_end(&pipeline, &graph, &store, 2)?;
    for stage in &record.stages {
        println!("{:<12} {} computed, {} in the store", stage.stage, stage.computed, stage.cached);
    }
    let rates = query(
        &store,
        &record,
        "SELECT J_ext, population, rate_hz FROM rates_with_parameters ORDER BY J_ext, population",
    )?;
    println!("{}", pretty_format_batches(&[rates])?);
    Ok(())
}
