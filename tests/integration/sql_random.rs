//! Random queries: a stage gives what `lapicque sql` gives, and a batch gives what its samples give one by one, to the last bit.

use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::sql_generator::{Dialect, Generator, Query};
use crate::sql_tables::{registry, rows_of, ugly_stages};
use crate::support::{Lab, Settings};

/// Queries are bound and run many at a time: a pipeline's own costs are paid once.
const AT_A_TIME: usize = 40;

/// Few by default; `LAPICQUE_LONG_TESTS=1` asks for more.
fn rounds() -> u64 {
    if std::env::var_os("LAPICQUE_LONG_TESTS").is_some() { 30 } else { 3 }
}

fn stage(query: &Query, grain: &str) -> Value {
    let inputs: serde_json::Map<String, Value> = query.tables.iter().map(|t| ((*t).to_owned(), json!(t))).collect();
    json!({"kind": "sql", "grain": grain, "inputs": inputs, "query": query.sql, "on_error": "skip"})
}

/// Queries that a stage can be made of, each with its name.
fn queries(lab: &Lab, seed: u64, dialect: Dialect, grain: &str, tables: &Value) -> Vec<(String, Query)> {
    let mut generator = Generator::new(seed, dialect);
    let mut found = Vec::new();
    let mut refused = 0;
    while found.len() < AT_A_TIME {
        let query = generator.query();
        if query.tables.is_empty() {
            continue;
        }
        let mut stages = tables.clone();
        stages["q"] = stage(&query, grain);
        match lab.bind(&json!({"lapicque": 1, "name": "random", "stages": stages})) {
            Ok(_) => found.push((format!("q{}", found.len()), query)),
            Err(problem) => {
                refused += 1;
                assert!(refused < 4 * AT_A_TIME, "most queries are refused, the last one:\n{}\n{problem}", query.sql);
            }
        }
    }
    found
}

#[test]
fn a_stage_gives_what_the_command_gives() {
    let (mut compared, mut failed) = (0, 0);
    for seed in 0..rounds() {
        let lab = Lab::with_kinds(registry);
        let tables = ugly_stages(seed, 6, 9);
        let queries = queries(&lab, seed, Dialect::Full, "table", &tables);
        let mut stages = tables;
        for (name, query) in &queries {
            stages[name] = stage(query, "table");
        }
        let ran = lab.run(&json!({"lapicque": 1, "name": "random", "stages": stages}));
        let store = ParquetStore::open(&lab.store_folder()).unwrap();
        for (name, query) in &queries {
            let of_stage = ran.contents(name).into_values().next();
            match (of_stage, lapicque_query::query(&store, "random", &query.sql)) {
                (Some(Ok(_)), Ok(answer)) => {
                    let (mut stage, mut command) = (rows_of(&ran.table(name)), rows_of(&answer));
                    if !query.ordered {
                        stage.sort();
                        command.sort();
                    }
                    assert_eq!(stage, command, "seed {seed}: {}", query.sql);
                    compared += 1;
                }
                (Some(Err(_)), Err(_)) => failed += 1,
                (stage, command) => panic!("seed {seed}: {}\nstage: {stage:?}\ncommand: {command:?}", query.sql),
            }
        }
    }
    assert!(compared > 4 * failed, "{compared} compared, {failed} failed");
}

#[test]
fn a_batch_gives_the_bits_that_its_samples_give() {
    for seed in 100..100 + rounds() {
        let lab = Lab::with_kinds(registry);
        // Long enough for rows to come in several pieces.
        let tables = if seed == 100 { ugly_stages(seed, 40, 500) } else { ugly_stages(seed, 12, 9) };
        let queries = queries(&lab, seed, Dialect::BySample, "sample", &tables);
        let run = |batch: u64, jobs: usize| {
            let lab = Lab::with_kinds(registry);
            let mut stages = tables.clone();
            for (name, query) in &queries {
                stages[name] = stage(query, "sample");
                stages[name]["batch"] = json!(batch);
            }
            let ran = lab.run_with(
                &json!({"lapicque": 1, "name": "random", "stages": stages}),
                Settings { jobs, ..Settings::default() },
            );
            queries.iter().map(|(name, _)| ran.contents(name)).collect::<Vec<_>>()
        };
        let single = run(1, 1);
        for (batch, jobs) in [(1000, 1), (3 + seed % 4, 2)] {
            for (i, together) in run(batch, jobs).into_iter().enumerate() {
                assert_eq!(together, single[i], "seed {seed}, batches of {batch}: {}", queries[i].1.sql);
            }
        }
    }
}
