//! Kinds for tests that bind the same stages thousands of times: a query is planned once for equal settings and tables.

use std::sync::{Arc, Mutex};

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Kind, PortSchema, Ports, Read, Registry, SampleError,
    SampleOutput, Stage,
};
use serde_json::Value;

/// All that a query is bound to; it reads no files.
type Query = (Value, Vec<PortSchema>, Option<Grain>);

struct Remembered {
    sql: Box<dyn Kind>,
    known: Mutex<Vec<(Query, Arc<dyn Stage>)>>,
}

struct Shared(Arc<dyn Stage>);

/// All kinds, of which `sql` remembers its stages.
pub(super) fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    let of_queries = lapicque_query::kinds().into_iter();
    kinds.extend(of_queries.map(|kind| match kind.name() {
        "sql" => Box::new(Remembered { sql: kind, known: Mutex::default() }),
        _ => kind,
    }));
    kinds.extend(lapicque_programs::kinds());
    Registry::new(kinds)
}

impl Kind for Remembered {
    fn name(&self) -> &str {
        self.sql.name()
    }

    fn summary(&self) -> &str {
        self.sql.summary()
    }

    fn ports(&self) -> Ports<'_> {
        self.sql.ports()
    }

    fn config_schema(&self) -> Value {
        self.sql.config_schema()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let mut known = self.known.lock().unwrap();
        let is_same = |(config, inputs, grain): &Query| {
            config == request.config && inputs == request.inputs && *grain == request.grain
        };
        if let Some((_, stage)) = known.iter().find(|(query, _)| is_same(query)) {
            return Ok(Box::new(Shared(stage.clone())));
        }
        let stage: Arc<dyn Stage> = self.sql.bind(request)?.into();
        known.push(((request.config.clone(), request.inputs.to_vec(), request.grain), stage.clone()));
        Ok(Box::new(Shared(stage)))
    }
}

impl Stage for Shared {
    fn bound(&self) -> &Bound {
        self.0.bound()
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        self.0.run(context, batch)
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        self.0.feedback(tables)
    }
}
