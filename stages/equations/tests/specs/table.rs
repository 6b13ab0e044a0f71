//! Files with columns.

use std::path::Path;

/// Columns with their names.
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Vec<f64>>,
}

impl Table {
    /// Reads a file whose first line has the names.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines();
        let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for line in lines {
            let mut fields = line.split(',');
            for column in &mut columns {
                column.push(fields.next().unwrap().parse().unwrap());
            }
        }
        Self { names, columns }
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.columns[0].len()
    }

    /// The column of this name.
    pub(crate) fn column(&self, name: &str) -> &[f64] {
        let place = self.names.iter().position(|other| other == name);
        &self.columns[place.unwrap_or_else(|| panic!("no column {name}"))]
    }

    /// The first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        for column in &mut self.columns {
            column.truncate(rows);
        }
    }
}
