//! Model files of equations to read about: what they mean, or everything that is wrong with them.

use lapicque_equations::network::explain::{Explanation, explain};
use lapicque_equations::network::file::{Fault, ModelFile, ModelFileError, model_file_schema};
use serde::Serialize;
use serde_json::Value;

/// What variables, synapses and records of a simulation may need, as `simulate.equations` allows.
const MEMORY_LIMIT_BYTES: u64 = 8_000_000_000;

/// What a model file means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EquationModelReport {
    pub name: Option<String>,
    pub model: Explanation,
}

/// One thing that is wrong with a model file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EquationModelFault {
    pub line: u64,
    pub column: u64,
    pub field: String,
    pub message: String,
    /// The line of the file with carets; may be empty.
    pub excerpt: String,
}

/// The JSON Schema of model files of equations.
pub fn equation_model_schema() -> Value {
    model_file_schema().to_value()
}

/// Reads a model file of equations and explains it. `open` gives the contents of a file that the model names, or why it
/// cannot.
///
/// # Errors
/// All problems of the model.
pub fn explain_equation_model(
    text: &str,
    source_name: &str,
    open: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<EquationModelReport, Vec<EquationModelFault>> {
    let file = ModelFile::parse(text, source_name).map_err(faults)?;
    let mut model = file.model().clone();
    for name in file.model().file_names() {
        let bytes = open(name).map_err(|message| {
            let field = "spatial_neurons".to_owned();
            vec![EquationModelFault { line: 1, column: 1, field, message, excerpt: String::new() }]
        })?;
        model.files.insert(name.to_owned(), bytes);
    }
    match explain(&model, None, Some(MEMORY_LIMIT_BYTES)) {
        Ok(model) => Ok(EquationModelReport { name: file.name().map(str::to_owned), model }),
        Err(errors) => Err(faults(file.located(&errors))),
    }
}

fn faults(error: ModelFileError) -> Vec<EquationModelFault> {
    let fault = |Fault { line, column, path, message, excerpt }: Fault| EquationModelFault {
        line,
        column,
        field: path,
        message,
        excerpt,
    };
    error.faults.into_iter().map(fault).collect()
}
