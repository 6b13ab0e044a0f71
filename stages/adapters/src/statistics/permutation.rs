//! `statistics.permutation`: permutation tests of groups or pairs ([`lapicque_statistics::permutation`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::DataType;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::FREE;
use lapicque_schemas::{Column, TableSchema};
use lapicque_statistics::permutation::{Cancelled, Outcome, Settings, Tested, Variances, pairs, two_groups};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{PORTS, Source, Tables, Values};
use super::rows::{Rows, Series, undefined_note};
use super::units::{Aggregate, Grouping, Unit, Units, comparisons, in_order, middle};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;
const MOST_PERMUTATIONS: u64 = 10_000_000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "statistics.permutation",
    summary: "Compute permutation tests of groups or pairs, corrected over channels and values by their largest statistic",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The column that says to which group a sample belongs: of `groups`, else of `features`.
    group: String,
    /// The group that others are compared with. Default: all pairs of groups.
    #[serde(default)]
    control: Option<String>,
    /// Columns of `features` that are compared. Default: all columns of fractional numbers; of predictions, `mean`.
    #[serde(default)]
    values: Option<Vec<String>>,
    /// A column of text of `features` whose names are compared one by one. Default: `target`, of predictions.
    #[serde(default)]
    split: Option<String>,
    /// What counts as one observation, whose rows are averaged first and which is exchanged as a whole: `sample`, a column such as `subject`, or `rows`. Default: `subject` where there is such a column, else `sample`.
    #[serde(default)]
    unit: Option<String>,
    /// A column, such as `subject`, whose rows of two groups are a pair: signs of differences are permuted. Default: groups are independent.
    #[serde(default)]
    paired: Option<String>,
    /// How rows of one observation are averaged.
    #[serde(default)]
    aggregate: Aggregate,
    /// Whether variances of the groups may differ (Welch's t). Default: false.
    #[serde(default)]
    welch: bool,
    /// Permutations that are drawn; where there are no more than these, all are taken. Default: 10000.
    #[serde(default = "default_permutations")]
    permutations: u64,
}

fn default_permutations() -> u64 {
    10_000
}

impl Default for Config {
    fn default() -> Self {
        Self {
            group: String::new(),
            control: None,
            values: None,
            split: None,
            unit: None,
            paired: None,
            aggregate: Aggregate::default(),
            welch: false,
            permutations: default_permutations(),
        }
    }
}

struct PermutationStage {
    bound: Bound,
    config: Config,
    values: Values,
    design: Design,
    by_label: bool,
}

enum Design {
    Independent(Grouping),
    Paired { group: Source, pair: Source },
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let tables = Tables::of(request)?;
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    tables.check_join(&mut problems);
    let design = design(&config, &tables, &mut problems, &mut notes);
    let taken = design.iter().flat_map(Design::sources).collect::<Vec<_>>();
    let values = tables.values(config.values.as_deref(), config.split.as_deref(), &taken, (&mut problems, &mut notes));
    if config.permutations == 0 || config.permutations > MOST_PERMUTATIONS {
        let message = format!("{} permutations; 1 to {MOST_PERMUTATIONS} are allowed", config.permutations);
        problems.push(ConfigError::at("permutations", message));
    }
    let Some(design) = design.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("tests", schema())])?;
    bound.grain = Grain::Table;
    bound.random = true;
    let by_sample = match &design {
        Design::Independent(grouping) => grouping.unit == Unit::Sample,
        Design::Paired { pair, .. } => pair.name == super::columns::SAMPLE,
    };
    bound.reads = tables.reads(&values, &design.sources(), by_sample);
    bound.notes = notes;
    let by_label = tables.by_label();
    Ok(Box::new(PermutationStage { bound, config, values, design, by_label }))
}

fn design(
    config: &Config,
    tables: &Tables<'_>,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Option<Design> {
    let Some(paired) = &config.paired else {
        let unit = config.unit.as_deref();
        return Grouping::bind(tables, &config.group, unit, &Unit::Sample, (problems, notes)).map(Design::Independent);
    };
    if config.unit.is_some() {
        let message =
            format!("observations of a paired test are the pairs, which `paired: {paired}` names; leave `unit` out");
        problems.push(ConfigError::at("unit", message));
    }
    if config.welch {
        problems
            .push(ConfigError::at("welch", "a paired test has one variance, that of the differences; leave it out"));
    }
    let group = tables.source("group", &config.group, problems);
    let pair = tables.source("paired", paired, problems);
    if pair.is_some() && pair == group {
        problems.push(ConfigError::at("paired", format!("`{paired}` is the column of groups as well")));
    }
    Some(Design::Paired { group: group?, pair: pair? })
}

fn schema() -> TableSchema {
    let float = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        FREE,
        &["comparison", "channel", "value"],
        [
            Column::new("comparison", DataType::Utf8, "the two groups: `level vs control`"),
            Column::new("level", DataType::Utf8, "the group that is compared"),
            Column::new("control", DataType::Utf8, "the group that it is compared with"),
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("value", DataType::Utf8, "what is compared: a column of the features, or a target"),
            Column::new("n", DataType::UInt32, "observations of the group, or pairs"),
            Column::new("n_control", DataType::UInt32, "observations of the control, or pairs"),
            float("estimate", "difference of the means"),
            float("se", "standard error of the difference"),
            float("statistic", "t: the difference over its standard error"),
            float("p", "share of labellings with a statistic as large, of this test alone"),
            float("p_corrected", "share of labellings whose largest statistic over channels and values is as large"),
            Column::new("labellings", DataType::UInt64, "labellings that were compared, the observed one among them"),
            Column::new("exact", DataType::Boolean, "whether these are all there are"),
        ],
    )
}

/// The tests of one comparison.
struct Compared {
    level: String,
    control: String,
    tested: Tested,
}

impl Stage for PermutationStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, input| {
            let mut notes = Vec::new();
            let rows = Rows::read(batch, sample, self.by_label, &mut notes)?;
            let series = rows.series(&self.values, false, false)?;
            notes.extend(undefined_note(&series));
            let stream = StreamKey::new(input.stream("permutations"));
            let compared = match &self.design {
                Design::Independent(grouping) => {
                    let units = grouping.units(&rows, &mut notes)?;
                    self.independent(context, &grouping.group.name, &units, &series, &stream)?
                }
                Design::Paired { group, pair } => {
                    let cells = Cells::of(&rows, group, pair)?;
                    self.paired(context, &cells, &series, &stream, &mut notes)?
                }
            };
            let undefined = compared.iter().flat_map(|c| &c.tested.tests).filter(|test| test.t.is_nan()).count();
            if undefined > 0 {
                notes.push(format!(
                    "{undefined} tests are NaN: fewer than two observations in a group, or values that are all equal"
                ));
            }
            let table = table(&compared, &series).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl PermutationStage {
    fn independent(
        &self,
        context: &Context<'_>,
        column: &str,
        units: &Units,
        series: &[Series],
        stream: &StreamKey,
    ) -> Result<Vec<Compared>, SampleError> {
        let of_series: Vec<Vec<Option<f64>>> =
            series.iter().map(|series| units.values(series, self.config.aggregate)).collect();
        let variances = if self.config.welch { Variances::Separate } else { Variances::Pooled };
        let all = comparisons(column, &units.levels, self.config.control.as_deref())?;
        let compare = |&(level, control): &(usize, usize)| {
            let of_level = |wanted: usize| {
                let units = (0..units.group.len()).filter(|&unit| units.group[unit] == wanted);
                let values =
                    units.map(|unit| of_series.iter().map(|values| values[unit].unwrap_or(f64::NAN)).collect());
                ordered(values.collect())
            };
            let (first, second) = (of_level(level), of_level(control));
            let in_first: Vec<bool> = (0..first.len() + second.len()).map(|unit| unit < first.len()).collect();
            let values = transposed([first, second].concat(), series.len());
            let (level, control) = (units.levels[level].clone(), units.levels[control].clone());
            let test = |settings: &Settings<'_>| two_groups(&values, &in_first, variances, settings);
            self.compared(context, level, control, all.len(), stream, test)
        };
        all.iter().map(compare).collect()
    }

    fn paired(
        &self,
        context: &Context<'_>,
        cells: &Cells,
        series: &[Series],
        stream: &StreamKey,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Compared>, SampleError> {
        let of_series: Vec<Vec<Option<f64>>> =
            series.iter().map(|series| cells.values(series, self.config.aggregate)).collect();
        let all = comparisons(&cells.group, &cells.levels, self.config.control.as_deref())?;
        let mut compared = Vec::new();
        for &(level, control) in &all {
            let has =
                |pair: usize, level: usize| of_series.iter().any(|values| values[cells.at(pair, level)].is_some());
            let of_either = (0..cells.pairs).filter(|&pair| has(pair, level) || has(pair, control)).count();
            let difference = |pair: usize| -> Vec<f64> {
                let value = |values: &Vec<Option<f64>>, level: usize| values[cells.at(pair, level)].unwrap_or(f64::NAN);
                of_series.iter().map(|values| value(values, level) - value(values, control)).collect()
            };
            let differences = ordered((0..cells.pairs).map(difference).collect());
            let alone = of_either - differences.len();
            let (level, control) = (cells.levels[level].clone(), cells.levels[control].clone());
            if alone > 0 {
                notes.push(format!("{level} vs {control}: {alone} of {of_either} have no partner and are left out"));
            }
            let values = transposed(differences, series.len());
            let test = |settings: &Settings<'_>| pairs(&values, settings);
            compared.push(self.compared(context, level, control, all.len(), stream, test)?);
        }
        Ok(compared)
    }

    fn compared(
        &self,
        context: &Context<'_>,
        level: String,
        control: String,
        comparisons: usize,
        stream: &StreamKey,
        test: impl FnOnce(&Settings<'_>) -> Result<Tested, Cancelled>,
    ) -> Result<Compared, SampleError> {
        let settings = Settings {
            permutations: self.config.permutations,
            stream: stream.derive(&format!("{level} vs {control}")),
            cancelled: &|| context.is_cancelled(),
            progress: &|done| (context.progress)(done / comparisons as f64),
        };
        let tested = test(&settings).map_err(|Cancelled| SampleError::cancelled())?;
        Ok(Compared { level, control, tested })
    }
}

impl Design {
    fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Independent(grouping) => grouping.sources(),
            Self::Paired { group, pair } => vec![group, pair],
        }
    }
}

/// Rows by pair and group.
struct Cells {
    group: String,
    levels: Vec<String>,
    pairs: usize,
    of_row: Vec<Option<usize>>,
}

impl Cells {
    fn of(rows: &Rows<'_>, group: &Source, pair: &Source) -> Result<Self, SampleError> {
        let (groups, names) = (rows.texts(group)?, rows.texts(pair)?);
        let levels = in_order(groups.iter().flatten().cloned().collect());
        let mut number: BTreeMap<&String, usize> = BTreeMap::new();
        for name in names.iter().flatten() {
            let next = number.len();
            number.entry(name).or_insert(next);
        }
        let cell = |(name, of): (&Option<String>, &Option<String>)| {
            let level = levels.iter().position(|level| Some(level) == of.as_ref())?;
            Some(number[name.as_ref()?] * levels.len() + level)
        };
        let of_row = names.iter().zip(&groups).map(cell).collect();
        Ok(Self { group: group.name.clone(), pairs: number.len(), of_row, levels })
    }

    fn at(&self, pair: usize, level: usize) -> usize {
        pair * self.levels.len() + level
    }

    fn values(&self, series: &Series, aggregate: Aggregate) -> Vec<Option<f64>> {
        let mut of_cell: Vec<Vec<f64>> = vec![Vec::new(); self.pairs * self.levels.len()];
        for &(row, value) in &series.numbers {
            if let Some(cell) = self.of_row[row] {
                of_cell[cell].push(value);
            }
        }
        of_cell.into_iter().map(|values| middle(values, aggregate)).collect()
    }
}

/// Units that have a value, in an order that their values fix: which permutation is drawn follows from no name.
fn ordered(mut units: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    units.retain(|values| values.iter().any(|value| !value.is_nan()));
    units.sort_by(|a, b| {
        let orders = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    units
}

/// A row per test, of a row per unit.
fn transposed(units: Vec<Vec<f64>>, tests: usize) -> Vec<Vec<f64>> {
    (0..tests).map(|test| units.iter().map(|values| values[test]).collect()).collect()
}

fn table(compared: &[Compared], series: &[Series]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let rows: Vec<(&Compared, &Series, &Outcome)> = compared
        .iter()
        .flat_map(|compared| series.iter().zip(&compared.tested.tests).map(move |(s, test)| (compared, s, test)))
        .collect();
    type Row<'a> = (&'a Compared, &'a Series, &'a Outcome);
    let text =
        |of: fn(&Row<'_>) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let count = |of: fn(&Outcome) -> usize| -> ArrayRef {
        let count = |row: &Row<'_>| u32::try_from(of(row.2)).unwrap_or(u32::MAX);
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(count)))
    };
    let number = |of: fn(&Outcome) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| of(row.2))))
    };
    RecordBatch::try_new(
        schema().arrow,
        vec![
            text(|row| format!("{} vs {}", row.0.level, row.0.control)),
            text(|row| row.0.level.clone()),
            text(|row| row.0.control.clone()),
            text(|row| row.1.channel.clone()),
            text(|row| row.1.value.clone()),
            count(|test| test.n),
            count(|test| test.n_control),
            number(|test| test.difference),
            number(|test| test.se),
            number(|test| test.t),
            number(|test| test.p),
            number(|test| test.p_corrected),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.0.tested.labellings))),
            Arc::new(rows.iter().map(|row| Some(row.0.tested.exact)).collect::<BooleanArray>()),
        ],
    )
}
