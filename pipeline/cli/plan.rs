//! `lapicque plan`: what would a run do?

use serde_json::json;

use crate::arguments::{Bind, Shared};
use crate::error::CommandError;
use crate::print;
use crate::project::open_with;
use crate::text::{duration, text_table};

pub(crate) fn plan(command: &Bind, shared: &Shared) -> Result<(), CommandError> {
    let project = open_with(&command.on, shared, command.rehash)?;
    let rows = lapicque_pipeline::plan(&project.graph, &project.store)?;
    if shared.json {
        return print(&format!("{:#}\n", json!({"pipeline": project.pipeline.name, "stages": rows})));
    }
    let mut table =
        vec![["stage", "kind", "samples", "cached", "to run", "about", "reason"].map(str::to_owned).to_vec()];
    for row in &rows {
        let mark = if row.estimate_from_other_configuration { " ~" } else { "" };
        let about = row.estimated_seconds.filter(|_| row.to_run > 0);
        let about = about.map(|seconds| format!("{}{mark}", duration(seconds))).unwrap_or_default();
        table.push(vec![
            row.stage.clone(),
            row.kind.clone(),
            row.samples.to_string(),
            row.cached.to_string(),
            row.to_run.to_string(),
            about,
            row.reason.clone(),
        ]);
    }
    let mut text = text_table(&table);
    if rows.iter().any(|row| row.estimate_from_other_configuration && row.estimated_seconds.is_some()) {
        text += "~ measured with another configuration\n";
    }
    print(&text)
}
