//! `lapicque plot`: the result of a query as a figure.

use std::path::Path;

use lapicque_figures::{Choices, FigureError, FileType, image};
use lapicque_pipeline::Pipeline;

use crate::arguments::{Mark, Plot, Shared};
use crate::error::CommandError;
use crate::project::{open_store, pipeline_file};
use crate::sql::answer;
use crate::table_output::write_file;
use crate::tell;

pub(crate) fn plot(command: &Plot, shared: &Shared) -> Result<(), CommandError> {
    let file_type = file_type(&command.output)?;
    let pipeline = Pipeline::read(&pipeline_file(&command.pipeline), &[])?;
    let store = open_store(&pipeline, shared)?;
    let table = answer(&command.query, &pipeline, &store, command.compute, shared)?;
    let choices = Choices {
        mark: command.mark.map(lapicque_figures::Mark::from),
        log_x: command.log_x,
        log_y: command.log_y,
        title: command.title.clone(),
    };
    let image = image(&table, &choices, file_type).map_err(|error| match error {
        FigureError::Png { .. } => CommandError::Output(error.to_string()),
        other => CommandError::Input(other.to_string()),
    })?;
    let left_out = image.left_out;
    write_file(&command.output, |out| Ok(out.write_all(&image.content)?))?;
    if !shared.quiet {
        if left_out > 0 {
            tell(&format!("note: {left_out} of {} rows have no place on these axes", table.num_rows()));
        }
        tell(&format!("{}: {} rows", command.output.display(), table.num_rows() - left_out));
    }
    Ok(())
}

fn file_type(file: &Path) -> Result<FileType, CommandError> {
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(CommandError::Input(format!("-o: there is no folder `{}`", folder.display())));
    }
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(FileType::Svg),
        Some("png") => Ok(FileType::Png),
        _ => Err(CommandError::Input(format!("-o: `{}`: a name with .svg or .png is due", file.display()))),
    }
}

impl From<Mark> for lapicque_figures::Mark {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Lines => Self::Lines,
            Mark::Points => Self::Points,
            Mark::Bars => Self::Bars,
            Mark::Heatmap => Self::Heatmap,
        }
    }
}
