//! What is drawn, and drawing it: panels of lines, points, bars or cells in colours that most people can tell apart.

use kuva::prelude::{
    BarPlot, Heatmap, Layout, LinePlot, Palette, Plot, PngBackend, ScatterPlot, SvgBackend, TickFormat,
};
use kuva::render::figure::Figure as Grid;
use kuva::render::render::render_multiple;

use crate::ticks::ticks;
use crate::{FigureError, FileType, Mark};

pub(crate) struct Figure {
    pub(crate) title: Option<String>,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// What colours mean.
    pub(crate) colour: Option<String>,
    pub(crate) mark: Mark,
    /// Names of the colours.
    pub(crate) colours: Vec<String>,
    pub(crate) panels: Vec<Panel>,
}

pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) logarithmic: bool,
    /// Of the cells of a heatmap along it, from the left or from below.
    pub(crate) names: Option<Vec<String>>,
}

pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) series: Vec<Series>,
}

/// What has one colour.
pub(crate) struct Series {
    /// Its position among the colours.
    pub(crate) colour: usize,
    pub(crate) points: Points,
}

pub(crate) enum Points {
    /// (x, y), or a gap.
    Numbers(Vec<Option<(f64, f64)>>),
    /// Bars.
    Named(Vec<(String, f64)>),
    /// Rows from below; edges in both directions.
    Cells { cells: Vec<Vec<f64>>, across: (f64, f64), up: (f64, f64) },
}

/// Pixels of a PNG file per point of the figure.
const SCALE: f32 = 2.0;
const LINE_WIDTH: f64 = 1.5;
const MARKER_SIZE: f64 = 2.5;
const PANEL_WIDTH: f64 = 420.0;
const PANEL_HEIGHT: f64 = 300.0;
/// More names along an axis would cover each other.
const MOST_NAMES: usize = 12;
/// More are written aslant below it.
const MOST_UPRIGHT: usize = 4;

/// The content of an image file.
pub(crate) fn draw(figure: &Figure, file_type: FileType) -> Result<Vec<u8>, FigureError> {
    let scene = match figure.panels.as_slice() {
        [panel] => {
            let plots = figure.plots(panel);
            let layout = figure.layout(&plots, figure.title.as_ref().unwrap_or(&panel.title));
            render_multiple(plots, layout)
        }
        panels => {
            let columns = (panels.len() as f64).sqrt().ceil() as usize;
            let rows = panels.len().div_ceil(columns);
            let plots: Vec<Vec<Plot>> = panels.iter().map(|panel| figure.plots(panel)).collect();
            let layouts = plots.iter().zip(panels).map(|(plots, panel)| figure.layout(plots, &panel.title)).collect();
            let mut grid = Grid::new(rows, columns)
                .with_plots(plots)
                .with_layouts(layouts)
                .with_cell_size(PANEL_WIDTH, PANEL_HEIGHT);
            if figure.colour.is_some() {
                grid = grid.with_shared_legend();
            }
            if let Some(title) = &figure.title {
                grid = grid.with_title(title);
            }
            grid.render()
        }
    };
    match file_type {
        FileType::Svg => Ok(SvgBackend::new().render_scene(&scene).into_bytes()),
        FileType::Png => {
            PngBackend::new().with_scale(SCALE).render_scene(&scene).map_err(|message| FigureError::Png { message })
        }
    }
}

/// Every n-th name, others empty, where there are many.
fn some(names: &[String]) -> Vec<String> {
    let every = names.len().div_ceil(MOST_NAMES).max(1);
    let kept = |(number, name): (usize, &String)| if number % every == 0 { name.clone() } else { String::new() };
    names.iter().enumerate().map(kept).collect()
}

impl Figure {
    fn layout(&self, plots: &[Plot], title: &str) -> Layout {
        let mut layout =
            Layout::auto_from_plots(plots).with_title(title).with_x_label(&self.x.label).with_y_label(&self.y.label);
        // Bars begin at 0, also where all of them hang down.
        if plots.iter().any(|plot| matches!(plot, Plot::Bar(_))) && layout.y_range.1 < 0.0 {
            layout = layout.with_y_axis_max(0.0);
        }
        if let Some(colour) = &self.colour {
            layout = layout.with_legend_title(colour);
        }
        if let Some(names) = &self.x.names {
            layout = layout.with_x_categories(some(names));
            if names.len() > MOST_UPRIGHT {
                layout = layout.with_x_tick_rotate(-45.0);
            }
        }
        if let Some(names) = &self.y.names {
            // The same ones as along x, which is read from the left, are counted from above.
            let from_above: Vec<String> = names.iter().rev().cloned().collect();
            layout = layout.with_y_categories(some(&from_above).into_iter().rev().collect());
        }
        let (across, up) = (ticks(layout.x_range), ticks(layout.y_range));
        layout = match self.x.logarithmic {
            true => layout.with_log_x().with_x_tick_format(TickFormat::Sci),
            false => layout.with_x_tick_format(across),
        };
        match self.y.logarithmic {
            true => layout.with_log_y().with_y_tick_format(TickFormat::Sci),
            false => layout.with_y_tick_format(up),
        }
    }

    fn plots(&self, panel: &Panel) -> Vec<Plot> {
        let palette = Palette::okabe_ito();
        let colour_of = |series: &Series| palette.colors()[series.colour % palette.len()].clone();
        let mut plots = Vec::new();
        for series in &panel.series {
            let points = match &series.points {
                Points::Numbers(points) => points,
                Points::Named(_) => continue,
                Points::Cells { cells, across, up } => {
                    let map = Heatmap::new().with_data(cells.iter().map(|row| row.iter().copied()));
                    plots
                        .push(map.with_x_range(across.0, across.1).with_y_range(up.0, up.1).with_cell_size(1.0).into());
                    continue;
                }
            };
            let name = self.colour.is_some().then(|| self.colours[series.colour].clone());
            if self.mark == Mark::Points {
                let scatter = ScatterPlot::new().with_data(points.iter().flatten().copied());
                let scatter = scatter.with_color(colour_of(series)).with_size(MARKER_SIZE).with_marker_opacity(0.7);
                plots.push(name.into_iter().fold(scatter, ScatterPlot::with_legend).into());
                continue;
            }
            for (number, part) in points.split(Option::is_none).filter(|part| !part.is_empty()).enumerate() {
                if let [Some(alone)] = part {
                    // No line: it would not be seen.
                    plots.push(ScatterPlot::new().with_data([*alone]).with_color(colour_of(series)).into());
                }
                let line = LinePlot::new().with_data(part.iter().flatten().copied());
                let line = line.with_color(colour_of(series)).with_stroke_width(LINE_WIDTH);
                // Colours beyond those of the palette are dashed.
                let line = if series.colour >= palette.len() { line.with_dashed() } else { line };
                let name = name.clone().filter(|_| number == 0);
                plots.push(name.into_iter().fold(line, LinePlot::with_legend).into());
            }
        }
        if let Some(bars) = self.bars(panel, &colour_of) {
            plots.push(bars);
        }
        plots
    }

    /// A group of bars for each name.
    fn bars(&self, panel: &Panel, colour_of: &dyn Fn(&Series) -> String) -> Option<Plot> {
        let named = panel.series.iter().filter_map(|series| match &series.points {
            Points::Named(bars) => Some((series, bars)),
            Points::Numbers(_) | Points::Cells { .. } => None,
        });
        let named: Vec<(&Series, &Vec<(String, f64)>)> = named.collect();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in named.iter().flat_map(|(_, bars)| bars.iter()) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return None;
        }
        let mut plot = BarPlot::new();
        for name in names {
            let bar_of = |bars: &[(String, f64)]| bars.iter().find(|(known, _)| known == name).map_or(0.0, |(_, y)| *y);
            let bars: Vec<(f64, String)> =
                named.iter().map(|(series, bars)| (bar_of(bars), colour_of(series))).collect();
            plot = plot.with_group(name, bars);
        }
        if self.colour.is_some() {
            plot = plot.with_legend(named.iter().map(|(series, _)| self.colours[series.colour].as_str()).collect());
        }
        Some(plot.into())
    }
}
