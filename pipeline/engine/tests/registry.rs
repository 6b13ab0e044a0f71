//! Kinds that are made while a program runs join a registry.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use lapicque_pipeline::{BindRequest, ConfigError, Kind, PortMode, PortSpec, Ports, Registry, Stage};
use serde_json::{Value, json};

struct Made {
    name: String,
    ports: Vec<PortSpec>,
}

impl Kind for Made {
    fn name(&self) -> &str {
        &self.name
    }

    fn summary(&self) -> &str {
        "Refuse everything"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(&self.ports)
    }

    fn config_schema(&self) -> Value {
        json!({})
    }

    fn bind(&self, _: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        Err(vec![ConfigError::at("", "it refuses everything")])
    }
}

fn made(name: &str) -> Box<Made> {
    // Names that no source has, as those of a script.
    let port = |i: u32| PortSpec {
        name: Cow::Owned(format!("input_{i}")),
        table: Cow::Owned("signals".to_owned()),
        mode: PortMode::Either,
        required: i == 0,
    };
    Box::new(Made { name: name.to_owned(), ports: (0..2).map(port).collect() })
}

#[test]
fn a_kind_joins_once() {
    let mut registry = Registry::new(vec![made("a.b")]);
    registry.add(made("a.c")).unwrap();
    let told = registry.add(made("a.b")).unwrap_err().to_string();
    assert_eq!(told, "there is a kind `a.b` already; give this one another name");
    assert_eq!(registry.iter().map(Kind::name).collect::<Vec<_>>(), ["a.b", "a.c"]);
    let Ports::Named(ports) = registry.get("a.c").unwrap().ports() else { unreachable!("it has names") };
    assert_eq!(ports.iter().map(|port| &*port.name).collect::<Vec<_>>(), ["input_0", "input_1"]);
}
