//! Whole tables, put together from the rows of many samples.

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray, UInt32Array};
use lapicque_schemas::{Digest, DigestBuilder, TableSchema, content_digest, label_positions, with_sample};

use crate::memory::project;
use crate::store::{Store, StoreError};
use crate::task::WholeLabels;

/// How many results of each whole read are held against their digests.
const SPOTS: u64 = 3;

/// Reads and joins the rows of many actions, with their `sample` column.
pub(crate) fn read_whole(
    store: &dyn Store,
    output: usize,
    schema: &TableSchema,
    keys: &[Option<Digest>],
    labels: &WholeLabels,
    columns: Option<&[String]>,
) -> Result<RecordBatch, StoreError> {
    let present: Vec<(usize, Digest)> = keys.iter().enumerate().filter_map(|(i, key)| Some((i, (*key)?))).collect();
    let wanted: Option<Vec<String>> =
        columns.map(|c| c.iter().filter(|c| schema.column(c).is_some()).cloned().collect());
    let keys: Vec<Digest> = present.iter().map(|(_, key)| *key).collect();
    let (joined, counts) = store.read_joined(output, schema, &keys, wanted.as_deref())?;
    spot_check(store, output, schema, &keys, wanted.as_deref(), (&joined, &counts))?;
    let of_table = |((position, _), rows): (&(usize, Digest), &u64)| std::iter::repeat_n(*position, *rows as usize);
    // Arrow asks for iterators of known length.
    let rows: Vec<usize> = present.iter().zip(&counts).flat_map(of_table).collect();
    match labels {
        WholeLabels::None => Ok(joined),
        WholeLabels::Positions => {
            let positions = UInt32Array::from_iter_values(rows.iter().map(|&position| position as u32));
            with_sample(&joined, Arc::new(positions)).map_err(unsupported)
        }
        WholeLabels::Text(labels) => {
            let labels = StringArray::from_iter_values(rows.iter().map(|&position| &labels[position]));
            with_sample(&joined, Arc::new(labels)).map_err(unsupported)
        }
        WholeLabels::Stored(labels) => label_positions(&joined, labels).map_err(unsupported),
    }
}

/// Holds the rows of a few results of a whole read against the digests that they were stored under.
fn spot_check(
    store: &dyn Store,
    output: usize,
    schema: &TableSchema,
    keys: &[Digest],
    columns: Option<&[String]>,
    (joined, counts): (&RecordBatch, &[u64]),
) -> Result<(), StoreError> {
    let digest = |table: &RecordBatch| {
        content_digest(&table.schema(), std::slice::from_ref(table))
            .map_err(|error| StoreError::Unsupported { message: error.to_string() })
    };
    if counts.len() != keys.len() || counts.iter().sum::<u64>() != joined.num_rows() as u64 {
        return Err(keys.first().map_or(StoreError::Unsupported { message: "rows of nothing".to_owned() }, |&key| {
            StoreError::WrongRows { key }
        }));
    }
    for spot in spots(keys) {
        let key = keys[spot];
        let first: u64 = counts[..spot].iter().sum();
        let rows = joined.slice(first as usize, counts[spot] as usize);
        let found = store.find(&[key])?.pop().flatten().ok_or(StoreError::NotStored { key })?;
        let due = match found.digest_of(output, schema, columns) {
            Some(due) => due,
            // Wide tables carry no digests of columns: their rows are read again by themselves, and whole.
            None => {
                let all = store.read(output, schema, &[key], None)?.pop().ok_or(StoreError::NotStored { key })?;
                if found.content(output) != Some(digest(&all)?) {
                    return Err(StoreError::WrongRows { key });
                }
                digest(&project(&all, columns)?)?
            }
        };
        if due != digest(&rows)? {
            return Err(StoreError::WrongRows { key });
        }
    }
    Ok(())
}

/// Which results of a whole read are checked: the same for the same read, others for another.
pub(crate) fn spots(keys: &[Digest]) -> Vec<usize> {
    let (Some(first), Some(middle), Some(last)) = (keys.first(), keys.get(keys.len() / 2), keys.last()) else {
        return Vec::new();
    };
    let mut spots: Vec<usize> = (0..SPOTS)
        .map(|spot| {
            let mut chance = DigestBuilder::new("lapicque spot 1");
            chance.digest(*first).digest(*middle).digest(*last).number(keys.len() as u64).number(spot);
            let [a, b, c, d, ..] = chance.finish().0;
            u32::from_be_bytes([a, b, c, d]) as usize % keys.len()
        })
        .collect();
    spots.sort_unstable();
    spots.dedup();
    spots
}

fn unsupported(error: arrow_schema::ArrowError) -> StoreError {
    StoreError::Unsupported { message: error.to_string() }
}
