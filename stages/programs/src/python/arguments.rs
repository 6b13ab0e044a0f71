//! Whether a function takes what a stage gives it, as far as that can be seen without running the script.

use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use serde_json::{Map, Value};

use super::interpreter::{Probed, Signature};

const SEED: &str = "seed";

/// Checks names of arguments; says whether the function takes a seed that the configuration does not give.
pub(super) fn check_arguments(
    script: &str,
    function: &str,
    probed: &Probed,
    ports: &[&str],
    config: &Map<String, Value>,
) -> Result<bool, Vec<ConfigError>> {
    let mut problems = Vec::new();
    for name in ports.iter().filter(|name| config.contains_key(**name)) {
        let message = format!("`{name}` is an input as well; give one of them another name");
        problems.push(ConfigError::at(format!("config.{name}"), message));
    }
    let Some(signature) = &probed.signature else {
        if !probed.elsewhere {
            problems.push(ConfigError::at("function", no_function(script, function, &probed.functions)));
        }
        return if problems.is_empty() { Ok(false) } else { Err(problems) };
    };
    if signature.is_async {
        problems.push(ConfigError::at("function", format!("`{function}` is an `async def`; expected a plain `def`")));
    }
    if let Some(name) = signature.positional_only.first() {
        let message = format!("`{function}` takes `{name}` without its name (`/`); arguments are given by name");
        problems.push(ConfigError::at("function", message));
    }
    let seeded =
        signature.arguments.iter().any(|name| name == SEED) && !config.contains_key(SEED) && !ports.contains(&SEED);
    if !signature.is_decorated {
        names(function, signature, ports, config, seeded, &mut problems);
    }
    if problems.is_empty() { Ok(seeded) } else { Err(problems) }
}

fn names(
    function: &str,
    signature: &Signature,
    ports: &[&str],
    config: &Map<String, Value>,
    seeded: bool,
    problems: &mut Vec<ConfigError>,
) {
    let takes = |name: &str| signature.any || signature.arguments.iter().any(|argument| argument == name);
    let given = ports.iter().map(|port| ("inputs", *port)).chain(config.keys().map(|key| ("config", key.as_str())));
    for (field, name) in given.filter(|(_, name)| !takes(name)) {
        let near = nearest(name, signature.arguments.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let all = match signature.arguments.as_slice() {
            [] => "nothing".to_owned(),
            arguments => arguments.join(", "),
        };
        let message = format!("`{function}` has no argument `{name}`{near} (it takes: {all})");
        problems.push(ConfigError::at(format!("{field}.{name}"), message));
    }
    for name in &signature.required {
        let is_given = ports.contains(&name.as_str()) || config.contains_key(name) || (seeded && name == SEED);
        if !is_given {
            let message = format!("`{function}` needs `{name}`, which is neither an input nor in `config`");
            problems.push(ConfigError::at("config", message));
        }
    }
}

fn no_function(script: &str, function: &str, functions: &[String]) -> String {
    let near = nearest(function, functions.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    match functions {
        [] => format!("`{script}` defines no function; expected `def {function}(...):`"),
        _ => format!("`{script}` has no function `{function}`{near} (it has: {})", functions.join(", ")),
    }
}
