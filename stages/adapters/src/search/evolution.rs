//! `search.evolution`: generations of a population; the algorithms are in `lapicque_search::{evolution, nsga2}`.

mod config;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortSchema, Read, Rounds, SampleError, SampleInput,
    SampleOutput, Samples, Stage,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::Column;
use lapicque_search::evolution;
use lapicque_search::nsga2::ranks;
use lapicque_search::population::{Individual, Population};

use self::config::{Algorithm, Config, Objective, Setting, setting};
use super::rounds::{Space, found, read_of};
use super::state;
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 1;
/// More points than a grid may have are a mistake here as well.
const MOST_POINTS: u64 = 10_000_000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "search.evolution",
    summary: "Search by generations of a population, for one loss or for several objectives at once (NSGA-II)",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    config.bounds.sort_keys();
    let space = Space::of(&config.bounds)?;
    let setting = setting(&config, space.bounds.len())?;
    let outputs = vec![
        Output::new("parameters", space.schema.clone()),
        Output::new("individuals", individuals_schema(&space, &setting.objectives)),
        Output::new("progress", progress_schema()),
        Output::new("state", state::schema()),
    ];
    let mut bound = Bound::new(REVISION, setting.canonical(&space), request.inputs, outputs);
    bound.grain = Grain::Table;
    bound.random = true;
    let population = u64::from(setting.population);
    let most_points = population
        .saturating_mul(2 * u64::from(setting.generations))
        .saturating_add(u64::from(setting.initial_population))
        .min(MOST_POINTS);
    // A round behind the last generation has no points and says what the search has found.
    let most_rounds = if setting.generations == 0 { 1 } else { setting.generations + 2 };
    bound.samples = Samples::Made(Rounds { most_rounds, most_points, unread: Vec::new() });
    Ok(Box::new(Search { bound, space, setting }))
}

fn progress_schema() -> TableSchema {
    let whole = |name: &str, meaning: &str| Column::new(name, DataType::Int64, meaning);
    let least = "least weighted sum of the objectives so far; not a number where there is none, and with nsga2";
    TableSchema::new(
        "table",
        &[],
        [
            whole("generation", "number of the generation, from 0"),
            whole("evaluations", "points that were asked for before"),
            whole("missing", "points of the generation before without a finite value of each objective"),
            whole("front", "survivors that no other is better than in all objectives"),
            Column::new("least_loss", DataType::Float64, least),
        ],
    )
}

fn individuals_schema(space: &Space, objectives: &[Objective]) -> TableSchema {
    let rank = "adaptive: place by loss, from 0; nsga2: number of the front, 0 the Pareto front";
    let own = TableSchema::new(
        "table",
        &[],
        [
            Column::new("rank", DataType::Int64, rank),
            Column::new("point", DataType::Int64, "position among the points of the search, from 0"),
        ],
    );
    let objective = |objective: &Objective| {
        let wanted = if objective.sign > 0.0 { "small" } else { "large" };
        Column::new(&objective.column, DataType::Float64, &format!("what is to be {wanted}, as found"))
    };
    let found = TableSchema::new("table", &[], objectives.iter().map(objective));
    let all = [&own, &space.schema, &found];
    let fields = all.iter().flat_map(|table| table.arrow.fields().iter().cloned());
    TableSchema::free(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

struct Search {
    bound: Bound,
    space: Space,
    setting: Setting,
}

/// What is known before a round.
struct Known {
    points: Vec<Vec<f64>>,
    /// As the columns have them, for each objective and point.
    values: Vec<Vec<f64>>,
}

impl Stage for Search {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        batch.samples.iter().map(|sample| self.round(sample, batch)).collect()
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        let minimised = self.setting.objectives.first().is_some_and(|objective| objective.sign > 0.0);
        let columns = self.setting.objectives.iter().map(|objective| objective.column.as_str());
        read_of(tables, columns, if minimised { "minimise" } else { "maximise" })
    }
}

impl Search {
    fn round(&self, sample: &SampleInput, batch: &Batch) -> Result<SampleOutput, SampleError> {
        let random = StreamKey::new(sample.stream("evolution"));
        let round = sample.point;
        if round == 0 {
            let known = Known { points: Vec::new(), values: Vec::new() };
            let mut is_new = self.newness(&known);
            let population = match &self.setting.algorithm {
                Algorithm::Adaptive(evolution) => evolution.start(&random, &mut is_new),
                Algorithm::Nsga2(nsga2) => nsga2.start(&random, &mut is_new),
            };
            return self.output(&population, &known, 0, Vec::new());
        }
        let table = batch.whole("previous.state").ok_or_else(|| SampleError::internal("there is no state"))?;
        let before = self.decoded(table)?;
        let known = self.known(batch)?;
        let own = before.offspring.len();
        let first = known.points.len().saturating_sub(own);
        let objectives: Vec<Vec<f64>> = (first..known.points.len())
            .map(|point| {
                let of_point = |(objective, values): (&Objective, &Vec<f64>)| objective.factor() * values[point];
                self.setting.objectives.iter().zip(&known.values).map(of_point).collect()
            })
            .collect();
        let missing = objectives.iter().filter(|found| !found.iter().all(|x| x.is_finite())).count();
        if missing == own && before.survivors.is_empty() {
            let message = format!("none of the {own} samples of round {} has all objectives", round - 1);
            return Err(SampleError::input(message));
        }
        let mut notes = Vec::new();
        if missing > 0 {
            notes.push(format!("{missing} of {own} samples of round {} lack an objective and are replaced", round - 1));
        }
        let mut is_new = self.newness(&known);
        let mut next = match &self.setting.algorithm {
            Algorithm::Adaptive(evolution) => evolution.next(&before, &objectives, &random, &mut is_new),
            Algorithm::Nsga2(nsga2) => nsga2.next(&before, &objectives, &random, &mut is_new),
        };
        if round as u64 > u64::from(self.setting.generations) {
            next.offspring.clear();
        }
        self.output(&next, &known, missing, notes)
    }

    fn known(&self, batch: &Batch) -> Result<Known, SampleError> {
        let points = self.space.known(batch)?;
        let values = |objective: &Objective| found(batch, &[(objective.column.clone(), 1.0)], points.len());
        let values = self.setting.objectives.iter().map(values).collect::<Result<_, _>>()?;
        Ok(Known { points, values })
    }

    /// Says of genes whether their point was not there yet: the engine takes no point twice.
    fn newness(&self, known: &Known) -> impl FnMut(&[f64]) -> bool {
        let mut seen: HashSet<Vec<u64>> = known.points.iter().map(|point| bits(point)).collect();
        let bounds = self.space.bounds.clone();
        move |genes| seen.insert(bits(&scaled(genes, &bounds)))
    }

    fn output(
        &self,
        population: &Population,
        known: &Known,
        missing: usize,
        notes: Vec<String>,
    ) -> Result<SampleOutput, SampleError> {
        let points: Vec<Vec<f64>> =
            population.offspring.iter().map(|child| scaled(&child.genes, &self.space.bounds)).collect();
        let objectives: Vec<&[f64]> =
            population.survivors.iter().map(|survivor| survivor.objectives.as_slice()).collect();
        let fronts: Vec<usize> = ranks(&objectives).into_iter().map(|(rank, _)| rank).collect();
        let least = match self.setting.algorithm {
            Algorithm::Adaptive(_) => objectives.first().map_or(f64::NAN, |found| evolution::loss(found)),
            Algorithm::Nsga2(_) => f64::NAN,
        };
        let whole = |value: u64| -> ArrayRef { Arc::new(Int64Array::from(vec![value as i64])) };
        let columns = vec![
            whole(u64::from(population.generation)),
            whole(population.evaluations),
            whole(missing as u64),
            whole(fronts.iter().filter(|rank| **rank == 0).count() as u64),
            Arc::new(Float64Array::from(vec![least])) as ArrayRef,
        ];
        let progress = RecordBatch::try_new(progress_schema().arrow, columns).map_err(SampleError::internal)?;
        let individuals = self.individuals(&population.survivors, &fronts, known)?;
        Ok(SampleOutput {
            tables: vec![self.space.table(&points)?, individuals, progress, encoded(population)?],
            notes,
        })
    }

    fn individuals(
        &self,
        survivors: &[Individual],
        fronts: &[usize],
        known: &Known,
    ) -> Result<RecordBatch, SampleError> {
        let places: HashMap<Vec<u64>, usize> =
            known.points.iter().enumerate().map(|(place, point)| (bits(point), place)).collect();
        let place = |survivor: &Individual| {
            let place = places.get(&bits(&scaled(&survivor.genes, &self.space.bounds))).copied();
            place.ok_or_else(|| SampleError::internal("a survivor is none of the points"))
        };
        let places: Vec<usize> = survivors.iter().map(place).collect::<Result<_, _>>()?;
        let rank = |i: usize| match self.setting.algorithm {
            Algorithm::Adaptive(_) => i as i64,
            Algorithm::Nsga2(_) => fronts[i] as i64,
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values((0..survivors.len()).map(rank))),
            Arc::new(Int64Array::from_iter_values(places.iter().map(|&place| place as i64))),
        ];
        for axis in 0..self.space.bounds.len() {
            let values = places.iter().map(|&place| known.points[place][axis]);
            columns.push(Arc::new(Float64Array::from_iter_values(values)));
        }
        for values in known.values.iter().take(self.setting.objectives.len()) {
            columns.push(Arc::new(Float64Array::from_iter_values(places.iter().map(|&place| values[place]))));
        }
        // Before anything is known, there are no values of objectives to take.
        let due = self.bound.outputs[1].schema.arrow.clone();
        if survivors.is_empty() {
            return Ok(RecordBatch::new_empty(due));
        }
        RecordBatch::try_new(due, columns).map_err(SampleError::internal)
    }

    fn decoded(&self, table: &RecordBatch) -> Result<Population, SampleError> {
        let counts = state::part(table, "counts")?;
        let &[generation, evaluations] = counts.as_slice() else {
            return Err(state::broken());
        };
        let n = self.space.bounds.len();
        let rows = |name: &str, width: usize| -> Result<Vec<Vec<f64>>, SampleError> {
            Ok(state::part(table, name)?.chunks(width).map(<[f64]>::to_vec).collect())
        };
        let individuals = |of: &str, objectives: Vec<Vec<f64>>| -> Result<Vec<Individual>, SampleError> {
            let genes = rows(&format!("{of}_genes"), n)?;
            let steps = rows(&format!("{of}_steps"), n)?;
            let individual = |(i, genes)| Individual {
                genes,
                steps: steps.get(i).cloned().unwrap_or_default(),
                objectives: objectives.get(i).cloned().unwrap_or_default(),
            };
            Ok(genes.into_iter().enumerate().map(individual).collect())
        };
        let objectives = rows("survivor_objectives", self.setting.objectives.len())?;
        Ok(Population {
            generation: generation as u32,
            evaluations: evaluations as u64,
            survivors: individuals("survivor", objectives)?,
            offspring: individuals("child", Vec::new())?,
        })
    }
}

fn encoded(population: &Population) -> Result<RecordBatch, SampleError> {
    let flat = |individuals: &[Individual], numbers: fn(&Individual) -> &Vec<f64>| -> Vec<f64> {
        individuals.iter().flat_map(numbers).copied().collect()
    };
    let (survivors, children) = (&population.survivors, &population.offspring);
    state::encoded(&[
        ("counts", &[f64::from(population.generation), population.evaluations as f64]),
        ("survivor_genes", &flat(survivors, |individual| &individual.genes)),
        ("survivor_steps", &flat(survivors, |individual| &individual.steps)),
        ("survivor_objectives", &flat(survivors, |individual| &individual.objectives)),
        ("child_genes", &flat(children, |individual| &individual.genes)),
        ("child_steps", &flat(children, |individual| &individual.steps)),
    ])
}

/// In the units of the parameters.
fn scaled(genes: &[f64], bounds: &[(f64, f64)]) -> Vec<f64> {
    let value = |(x, (low, high)): (&f64, &(f64, f64))| (low + x * (high - low)).clamp(*low, *high);
    genes.iter().zip(bounds).map(value).collect()
}

fn bits(point: &[f64]) -> Vec<u64> {
    // One zero: -0 would be another point.
    point.iter().map(|value| (value + 0.0).to_bits()).collect()
}
