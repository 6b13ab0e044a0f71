//! Random queries on the tables `a`, `b` and `c` of [`crate::sql_tables`], valid by construction.

use crate::support::Chance;

/// What the queries of a generator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// All that `lapicque sql` takes.
    Full,
    /// What `grain: sample` takes: everything by `sample`, no LIMIT.
    BySample,
    /// What DuckDB means in the same way, and rows whose order or digits do not depend on the order in which rows are met.
    Portable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Whole,
    Float,
    Text,
    Truth,
}

use Type::{Float, Text, Truth, Whole};

/// A column that can be named, and what it holds.
type Named = (String, Type);

pub(crate) struct Generator {
    pub(crate) chance: Chance,
    dialect: Dialect,
    /// WITH clauses so far: name, columns and text.
    with: Vec<(String, Vec<Named>, String)>,
    aliases: usize,
}

/// A query, and whether its rows are in an order that it fixes.
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) ordered: bool,
    /// The tables that it names.
    pub(crate) tables: Vec<&'static str>,
}

const TYPES: [Type; 4] = [Whole, Float, Text, Truth];

/// The columns of `a`, `b` and `c`.
fn columns() -> Vec<Named> {
    let all =
        [("u", Whole), ("k", Whole), ("n", Whole), ("v", Float), ("w", Float), ("s", Text), ("d", Text), ("h", Truth)];
    all.map(|(name, of)| (name.to_owned(), of)).to_vec()
}

struct Source {
    /// What stands behind FROM.
    text: String,
    columns: Vec<Named>,
    /// What names a sample, where rows belong to one.
    sample: String,
    /// Columns that name a row, where such are known.
    unique: Vec<String>,
}

impl Generator {
    pub(crate) fn new(seed: u64, dialect: Dialect) -> Self {
        Self { chance: Chance(seed), dialect, with: Vec::new(), aliases: 0 }
    }

    pub(crate) fn query(&mut self) -> Query {
        self.with.clear();
        for i in 0..self.chance.below(3) {
            let types = self.types();
            let names: Vec<Named> = types.iter().enumerate().map(|(j, of)| (format!("q{i}_{j}"), *of)).collect();
            let text = self.set_of_selects(&types);
            let listed: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let sample = if self.by_sample() { "sample, " } else { "" };
            let head = format!("q{i}({sample}{}) AS ({text})", listed.join(", "));
            self.with.push((format!("q{i}"), names, head));
        }
        let types = self.types();
        let mut sql = self.set_of_selects(&types);
        let mut ordered = false;
        let places: Vec<String> = (1..=types.len()).map(|i| (i + usize::from(self.by_sample())).to_string()).collect();
        if self.chance.one_in(3) {
            ordered = true;
            sql += &format!(" ORDER BY {}", self.directions(&places));
            if !self.by_sample() && self.chance.one_in(2) {
                sql += &self.limit();
            }
        } else if self.dialect != Dialect::Portable && self.chance.one_in(3) {
            // By what is not selected.
            let source = self.source(1);
            let keys: Vec<String> = (0..2).map(|_| self.expression_of_any(&source, 1)).collect();
            let items = self.items(&types, &source);
            ordered = true;
            sql = format!("SELECT {items} FROM {} ORDER BY {}", source.text, self.directions(&keys));
            if !self.by_sample() && self.chance.one_in(2) {
                sql += &self.limit();
            }
        } else if self.dialect == Dialect::Full && self.chance.one_in(6) {
            sql += &self.limit();
        }
        if !self.with.is_empty() {
            let heads: Vec<&str> = self.with.iter().map(|(_, _, head)| head.as_str()).collect();
            sql = format!("WITH {} {sql}", heads.join(", "));
        }
        let words: Vec<&str> = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let named = |table: &&str| words.windows(2).any(|w| ["FROM", "JOIN"].contains(&w[0]) && w[1] == *table);
        let tables = ["a", "b", "c"].into_iter().filter(named).collect();
        Query { sql, ordered, tables }
    }

    fn by_sample(&self) -> bool {
        self.dialect == Dialect::BySample
    }

    fn types(&mut self) -> Vec<Type> {
        (0..1 + self.chance.below(4)).map(|_| self.chance.pick(&TYPES)).collect()
    }

    fn limit(&mut self) -> String {
        let limit = format!(" LIMIT {}", self.chance.below(7));
        if self.chance.one_in(3) { format!("{limit} OFFSET {}", self.chance.below(4)) } else { limit }
    }

    fn directions(&mut self, keys: &[String]) -> String {
        let one = |key: &String, chance: &mut Chance| {
            let direction = chance.pick(&["", " ASC", " DESC"]);
            let nulls = chance.pick(&[" NULLS FIRST", " NULLS LAST"]);
            format!("{key}{direction}{nulls}")
        };
        let keys: Vec<String> = keys.iter().map(|key| one(key, &mut self.chance)).collect();
        keys.join(", ")
    }

    fn set_of_selects(&mut self, types: &[Type]) -> String {
        let first = self.select(types);
        if !self.chance.one_in(4) {
            return first;
        }
        let operation = self.chance.pick(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
        let second = self.select(types);
        format!("{first} {operation} {second}")
    }

    fn select(&mut self, types: &[Type]) -> String {
        let source = self.source(2);
        let mut filter =
            if self.chance.one_in(2) { format!(" WHERE {}", self.truth(&source, 2)) } else { String::new() };
        if self.chance.one_in(6) {
            let and = if filter.is_empty() { "WHERE" } else { "AND" };
            filter = format!("{filter} {and} {}", self.subquery(&source));
        }
        let sample = if self.by_sample() { format!("{} AS sample, ", source.sample) } else { String::new() };
        match self.chance.below(5) {
            0 | 1 => {
                let distinct = if self.chance.one_in(4) { "DISTINCT " } else { "" };
                format!("SELECT {distinct}{} FROM {}{filter}", self.items(types, &source), source.text)
            }
            2 | 3 => {
                let keys: Vec<String> = (0..self.chance.below(3)).map(|_| self.group_key(&source)).collect();
                let items: Vec<String> = types
                    .iter()
                    .enumerate()
                    .map(|(i, of)| format!("{} AS c{i}", self.aggregate(*of, &source)))
                    .collect();
                let mut by = keys.clone();
                if self.by_sample() {
                    by.insert(0, source.sample.clone());
                }
                let by = if by.is_empty() { String::new() } else { format!(" GROUP BY {}", by.join(", ")) };
                let having = if self.chance.one_in(3) {
                    let at_least = self.chance.below(3);
                    format!(" HAVING count(*) > {at_least}")
                } else {
                    String::new()
                };
                format!("SELECT {sample}{} FROM {}{filter}{by}{having}", items.join(", "), source.text)
            }
            _ => {
                let items: Vec<String> =
                    types.iter().enumerate().map(|(i, of)| format!("{} AS c{i}", self.window(*of, &source))).collect();
                format!("SELECT {sample}{} FROM {}{filter}", items.join(", "), source.text)
            }
        }
    }

    /// A condition that asks another table.
    fn subquery(&mut self, source: &Source) -> String {
        let tables: &[&'static str] = if self.by_sample() { &["c"] } else { &["a", "b", "c"] };
        let table = self.chance.pick(tables);
        let inner = self.named(table);
        let of = self.chance.pick(&[Whole, Float, Text]);
        let (left, right) = (self.column(of, source), self.column(of, &inner));
        let filter = self.truth(&inner, 1);
        match self.chance.below(5) {
            0 => format!("{left} IN (SELECT {right} FROM {} WHERE {filter})", inner.text),
            1 => format!("{left} NOT IN (SELECT {right} FROM {} WHERE {filter})", inner.text),
            2 => format!("EXISTS (SELECT 1 FROM {} WHERE {left} = {right} AND {filter})", inner.text),
            3 => format!("NOT EXISTS (SELECT 1 FROM {} WHERE {left} = {right} AND {filter})", inner.text),
            _ => format!("{left} < (SELECT max({right}) FROM {} WHERE {filter})", inner.text),
        }
    }

    fn items(&mut self, types: &[Type], source: &Source) -> String {
        let mut items: Vec<String> =
            types.iter().enumerate().map(|(i, of)| format!("{} AS c{i}", self.expression(*of, source, 2))).collect();
        if self.by_sample() {
            items.insert(0, format!("{} AS sample", source.sample));
        }
        items.join(", ")
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// A table, a WITH clause, a subquery or a join of two of these.
    fn source(&mut self, depth: usize) -> Source {
        let left = self.single(depth);
        if !self.chance.one_in(3) {
            return left;
        }
        let mut right = self.single(depth);
        let mut join = self.chance.pick(&["JOIN", "LEFT JOIN"]);
        let mut on = Vec::new();
        if self.by_sample() {
            if self.chance.one_in(4) {
                right = self.named("c");
                right.sample = left.sample.clone();
                join = "JOIN";
            } else {
                on.push(format!("{} = {}", left.sample, right.sample));
            }
        }
        let both = Source {
            text: String::new(),
            columns: left.columns.iter().chain(&right.columns).cloned().collect(),
            sample: left.sample.clone(),
            unique: Vec::new(),
        };
        match self.chance.below(4) {
            0 => on.push(self.truth(&both, 1)),
            _ => {
                let of = self.chance.pick(&[Whole, Whole, Float, Text]);
                on.push(format!("{} = {}", self.column(of, &left), self.column(of, &right)));
            }
        }
        Source { text: format!("{} {join} {} ON {}", left.text, right.text, on.join(" AND ")), ..both }
    }

    fn named(&mut self, table: &str) -> Source {
        let alias = self.alias();
        let columns = columns().into_iter().map(|(name, of)| (format!("{alias}.{name}"), of)).collect();
        let sample = format!("{alias}.sample");
        let unique = if table == "c" { Vec::new() } else { vec![sample.clone(), format!("{alias}.u")] };
        Source { text: format!("{table} {alias}"), columns, sample, unique }
    }

    fn single(&mut self, depth: usize) -> Source {
        let known = self.with.len() as u64;
        match self.chance.below(6) {
            0 if depth > 0 => {
                let alias = self.alias();
                let types = self.types();
                let inner = if depth > 1 { self.select(&types) } else { self.plain_select(&types) };
                let columns = types.iter().enumerate().map(|(i, of)| (format!("{alias}.c{i}"), *of)).collect();
                Source {
                    text: format!("({inner}) {alias}"),
                    columns,
                    sample: format!("{alias}.sample"),
                    unique: Vec::new(),
                }
            }
            1 | 2 if known > 0 => {
                let alias = self.alias();
                let (name, columns, _) = self.with[self.chance.below(known) as usize].clone();
                let columns = columns.into_iter().map(|(name, of)| (format!("{alias}.{name}"), of)).collect();
                Source {
                    text: format!("{name} {alias}"),
                    columns,
                    sample: format!("{alias}.sample"),
                    unique: Vec::new(),
                }
            }
            _ => {
                let tables: &[&'static str] = if self.by_sample() { &["a", "a", "b"] } else { &["a", "a", "b", "c"] };
                let table = self.chance.pick(tables);
                self.named(table)
            }
        }
    }

    fn plain_select(&mut self, types: &[Type]) -> String {
        let table = self.chance.pick(&["a", "b"]);
        let source = self.named(table);
        format!("SELECT {} FROM {}", self.items(types, &source), source.text)
    }

    fn expression_of_any(&mut self, source: &Source, depth: usize) -> String {
        let of = self.chance.pick(&TYPES);
        self.expression(of, source, depth)
    }

    /// Not a number: that would be the place of a column.
    fn group_key(&mut self, source: &Source) -> String {
        let key = self.expression_of_any(source, 1);
        if key.parse::<i64>().is_ok() { format!("({key} + 0)") } else { key }
    }

    fn column(&mut self, of: Type, source: &Source) -> String {
        let fitting: Vec<&Named> = source.columns.iter().filter(|(_, its)| *its == of).collect();
        match fitting.is_empty() {
            true => self.constant(of).to_owned(),
            false => self.chance.pick(&fitting).0.clone(),
        }
    }

    fn constant(&mut self, of: Type) -> &'static str {
        match of {
            Whole => self.chance.pick(&["0", "1", "-1", "2", "65536"]),
            Float if self.dialect == Dialect::Portable => self.chance.pick(&[
                "CAST(0.5 AS DOUBLE)",
                "CAST('NaN' AS DOUBLE)",
                "CAST('inf' AS DOUBLE)",
                "CAST(0 AS DOUBLE)",
            ]),
            Float => {
                self.chance.pick(&["0.5", "-0.0", "CAST('NaN' AS DOUBLE)", "CAST('-NaN' AS DOUBLE)", "1e308", "0.0"])
            }
            Text => self.chance.pick(&["''", "'a'", "'ü'", "'NaN'"]),
            Truth => self.chance.pick(&["true", "false"]),
        }
    }

    fn expression(&mut self, of: Type, source: &Source, depth: usize) -> String {
        if depth == 0 {
            return if self.chance.one_in(5) { self.constant(of).to_owned() } else { self.column(of, source) };
        }
        let depth = depth - 1;
        match self.chance.below(9) {
            0 => {
                let condition = self.truth(source, depth);
                format!(
                    "CASE WHEN {condition} THEN {} ELSE {} END",
                    self.expression(of, source, depth),
                    self.expression(of, source, depth)
                )
            }
            1 => format!("coalesce({}, {})", self.expression(of, source, depth), self.expression(of, source, depth)),
            2 => format!("nullif({}, {})", self.expression(of, source, depth), self.expression(of, source, depth)),
            3 | 4 => match of {
                Whole => {
                    let sign = self.chance.pick(&["+", "-", "*"]);
                    format!(
                        "({} {sign} {})",
                        self.expression(Whole, source, depth),
                        self.expression(Whole, source, depth)
                    )
                }
                Float => {
                    let signs: &[&'static str] =
                        if self.dialect == Dialect::Portable { &["+", "-", "*"] } else { &["+", "-", "*", "/"] };
                    let sign = self.chance.pick(signs);
                    format!(
                        "({} {sign} {})",
                        self.expression(Float, source, depth),
                        self.expression(Float, source, depth)
                    )
                }
                Text => {
                    format!("({} || {})", self.expression(Text, source, depth), self.expression(Text, source, depth))
                }
                Truth => self.truth(source, depth + 1),
            },
            5 => match of {
                Whole => format!("abs({})", self.expression(Whole, source, depth)),
                Float => format!("(- {})", self.expression(Float, source, depth)),
                Text => format!("upper({})", self.expression(Text, source, depth)),
                Truth => format!("(NOT {})", self.truth(source, depth)),
            },
            6 => match of {
                Whole => format!("length({})", self.expression(Text, source, depth)),
                Float => format!("CAST({} AS DOUBLE)", self.expression(Whole, source, depth)),
                Text | Truth => self.column(of, source),
            },
            _ => self.column(of, source),
        }
    }

    fn truth(&mut self, source: &Source, depth: usize) -> String {
        let of = self.chance.pick(&[Whole, Float, Float, Text]);
        let inner = depth.saturating_sub(1);
        let (left, right) = (self.expression(of, source, inner), self.expression(of, source, inner));
        match self.chance.below(if depth > 0 { 8 } else { 6 }) {
            0 => format!("({left} IS NULL)"),
            1 => format!("({left} IS DISTINCT FROM {right})"),
            2 => format!("({left} BETWEEN {right} AND {})", self.expression(of, source, inner)),
            3 => format!("({left} IN ({}, {}))", self.constant(of), self.constant(of)),
            4 | 5 => format!("({left} {} {right})", self.chance.pick(&["=", "<>", "<", "<=", ">", ">="])),
            6 => format!("({} AND {})", self.truth(source, inner), self.truth(source, inner)),
            _ => format!("({} OR {})", self.truth(source, inner), self.truth(source, inner)),
        }
    }

    fn aggregate(&mut self, of: Type, source: &Source) -> String {
        let portable = self.dialect == Dialect::Portable;
        let depth = 1;
        let function = match of {
            Whole => match self.chance.below(6) {
                0 => "count(*)".to_owned(),
                1 => format!("count({})", self.expression_of_any(source, depth)),
                2 => format!("count(DISTINCT {})", self.expression_of_any(source, depth)),
                3 => format!("sum({})", self.expression(Whole, source, depth)),
                4 => format!("sum(DISTINCT {})", self.expression(Whole, source, depth)),
                _ => format!("{}({})", self.chance.pick(&["min", "max"]), self.expression(Whole, source, depth)),
            },
            Float => {
                let functions: &[&'static str] = if portable {
                    &["min", "max"]
                } else {
                    &["min", "max", "sum", "avg", "stddev", "median", "var_pop", "sum"]
                };
                let function = self.chance.pick(functions);
                let distinct = if function == "sum" && self.chance.one_in(3) { "DISTINCT " } else { "" };
                format!("{function}({distinct}{})", self.expression(Float, source, depth))
            }
            Text => match self.chance.below(3) {
                0 if !portable => {
                    let order = self.expression_of_any(source, depth);
                    let text = self.expression(Text, source, depth);
                    format!("string_agg({text}, '-' ORDER BY {order})")
                }
                _ => format!("{}({})", self.chance.pick(&["min", "max"]), self.expression(Text, source, depth)),
            },
            Truth => format!("{}({})", self.chance.pick(&["bool_and", "bool_or"]), self.truth(source, depth)),
        };
        if self.chance.one_in(5) {
            format!("{function} FILTER (WHERE {})", self.truth(source, depth))
        } else {
            function
        }
    }

    fn window(&mut self, of: Type, source: &Source) -> String {
        let portable = self.dialect == Dialect::Portable;
        if portable && source.unique.is_empty() {
            return self.expression(of, source, 1);
        }
        let mut by = if self.chance.one_in(2) { vec![self.expression_of_any(source, 1)] } else { Vec::new() };
        if self.by_sample() {
            by.insert(0, source.sample.clone());
        }
        let by = if by.is_empty() { String::new() } else { format!("PARTITION BY {} ", by.join(", ")) };
        let mut keys = vec![self.expression_of_any(source, 1)];
        if portable {
            keys.extend(source.unique.clone());
        }
        let over = format!("({by}ORDER BY {}", self.directions(&keys));
        let frame = self.chance.pick(&[
            "",
            " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
        ]);
        match (of, self.chance.below(3)) {
            (Whole, 0) => format!("row_number() OVER {over})"),
            (Whole, 1) => format!("rank() OVER {over})"),
            (Whole, _) => format!("sum({}) OVER {over}{frame})", self.expression(Whole, source, 1)),
            (Float, 0) if !portable => format!("sum({}) OVER {over}{frame})", self.expression(Float, source, 1)),
            (Float, 1) if !portable => format!("avg({}) OVER {over}{frame})", self.expression(Float, source, 1)),
            (Float, _) => format!(
                "{}({}) OVER {over}{frame})",
                self.chance.pick(&["min", "max"]),
                self.expression(Float, source, 1)
            ),
            (of, 0) => format!("lag({}) OVER {over})", self.expression(of, source, 1)),
            (of, _) => format!("first_value({}) OVER {over}{frame})", self.expression(of, source, 1)),
        }
    }
}
