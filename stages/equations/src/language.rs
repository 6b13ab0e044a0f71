//! The language of equations: what is written, what it means and whether its units fit.

pub mod analysis;
pub mod block;
pub mod check;
mod display;
pub mod equation;
pub mod error;
pub mod evaluate;
pub mod expression;
pub mod flags;
pub mod functions;
pub mod generator;
mod infer;
mod lexer;
mod names;
mod order;
mod parser;
mod rename;
pub(crate) mod render;
pub mod scope;
pub mod span;
pub mod statement;
mod statements;
mod unit_text;

pub use names::{is_noise, reserved};
pub use parser::parse_expression;
pub use rename::replace_names;
pub use statements::parse_statements;
pub use unit_text::parse_unit;
