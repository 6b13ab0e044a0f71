//! One run of all cases, which the tests that only look at results share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use arrow::array::RecordBatch;
use lapicque_pipeline::RunRecord;
use lapicque_schemas::Digest;

use super::{every_kind, lab};
use crate::support::Settings;

/// What the run stored.
pub(crate) struct Reference {
    pub(crate) record: RunRecord,
    contents: BTreeMap<String, BTreeMap<String, Result<Vec<Digest>, String>>>,
    tables: BTreeMap<(String, usize), RecordBatch>,
}

/// The run, on one thread.
pub(crate) fn reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(|| {
        let lab = lab();
        let ran = lab.run_with(&every_kind(), Settings { jobs: 1, ..Settings::default() });
        assert!(ran.record.ok, "{:?}", ran.failures());
        let names: BTreeSet<&str> = ran.record.stages.iter().map(|stage| stage.stage.as_str()).collect();
        let contents = names.iter().map(|stage| ((*stage).to_owned(), ran.contents(stage))).collect();
        let outputs = ran.record.stages.iter().flat_map(|stage| (0..stage.outputs.len()).map(move |i| (stage, i)));
        let tables = outputs.map(|(stage, i)| ((stage.stage.clone(), i), ran.output(&stage.stage, i))).collect();
        Reference { record: ran.record, contents, tables }
    })
}

impl Reference {
    /// The content of each output of each sample of a stage.
    pub(crate) fn contents(&self, stage: &str) -> &BTreeMap<String, Result<Vec<Digest>, String>> {
        self.contents.get(stage).unwrap_or_else(|| panic!("no stage {stage}"))
    }

    pub(crate) fn output(&self, stage: &str, output: usize) -> &RecordBatch {
        let table = self.tables.get(&(stage.to_owned(), output));
        table.unwrap_or_else(|| panic!("no output {output} of {stage}"))
    }
}
