//! What a result depends on: the ingredients of action keys, kept beside results so that two keys can be told apart field by field.

use std::collections::BTreeMap;

use lapicque_schemas::{Digest, DigestBuilder, Labels};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::Bound;

/// Version of this struct and of how it is hashed. 1: first. 2: columns of outputs with type and unit; before, tables of
/// the `table` grain may have been made from rows of other samples.
const FORMAT: u32 = 2;

/// The ingredients that all samples of a stage have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ingredients {
    pub format: u32,
    pub kind: String,
    pub revision: u32,
    /// The reserved key `revision` of the pipeline file.
    pub user_revision: u64,
    /// The canonical configuration.
    pub config: Value,
    /// Only of stages that draw random numbers.
    pub seed: Option<u64>,
    /// Digests of the files that the configuration names.
    pub files: BTreeMap<String, Digest>,
    /// Digests of the whole tables at the ports, of the columns that are read.
    pub broadcast: BTreeMap<String, Digest>,
    /// Names of the sample-wise ports, whose digests are the sample's own.
    pub sample_wise: Vec<String>,
    pub outputs: Vec<OutputIngredient>,
}

/// What an output is: a stage that gives other columns, types or units is another stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputIngredient {
    pub name: String,
    /// Type, unit and other semantic metadata of each column, as [`TableSchema::meanings`] says them.
    ///
    /// [`TableSchema::meanings`]: lapicque_schemas::TableSchema::meanings
    pub columns: BTreeMap<String, String>,
}

impl Ingredients {
    pub fn new(
        kind: &str,
        user_revision: u64,
        bound: &Bound,
        seed: u64,
        broadcast: BTreeMap<String, Digest>,
        sample_wise: Vec<String>,
    ) -> Self {
        let mut config = bound.config.clone();
        config.sort_all_objects();
        Self {
            format: FORMAT,
            kind: kind.to_owned(),
            revision: bound.revision,
            user_revision,
            config,
            seed: bound.random.then_some(seed),
            files: bound.files.iter().cloned().collect(),
            broadcast,
            sample_wise,
            outputs: bound
                .outputs
                .iter()
                .map(|output| OutputIngredient { name: output.name.clone(), columns: output.schema.meanings() })
                .collect(),
        }
    }

    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// Hashes the JSON text: keys sorted, floats as the shortest text that reads back the same bits.
    pub fn digest(&self) -> Digest {
        ingredients_digest(&self.to_json())
    }
}

/// The digest of ingredients in their stored form.
pub fn ingredients_digest(ingredients: &Value) -> Digest {
    Digest::of("lapicque ingredients 1", ingredients.to_string().as_bytes())
}

/// The key of one sample's action: common ingredients and its own inputs in the order of [`Ingredients::sample_wise`].
pub fn action_key(common: Digest, inputs: &[Digest]) -> Digest {
    let mut builder = DigestBuilder::new("lapicque action 1");
    builder.digest(common).number(inputs.len() as u64);
    for &input in inputs {
        builder.digest(input);
    }
    builder.finish()
}

/// The key of a sample's random streams: the seed and the inputs that the stage reads; in table grain the seed alone.
pub fn random_key(seed: u64, inputs: &[Digest]) -> Digest {
    let mut builder = DigestBuilder::new("lapicque random 1");
    builder.number(seed);
    for &input in inputs {
        builder.digest(input);
    }
    builder.finish()
}

/// The digest of a list of labels: what they are stored under, and an ingredient where they are values to a reader.
pub fn labels_digest(labels: &Labels) -> Digest {
    let mut builder = DigestBuilder::new("lapicque labels 1");
    labels.iter().for_each(|label| {
        builder.text(label);
    });
    builder.finish()
}
