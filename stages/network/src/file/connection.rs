//! The sections of `connections`.

use super::node::{Node, Value};
use super::problem::{ProblemKind, shortened};
use super::reader::{Reader, Section};
use crate::check::is_name;
use crate::{Connection, Distribution, Network, Range, Rule, SpatialProfile, Synapse};

pub(super) const CONNECTION_KEYS: &[&str] =
    &["pre", "post", "rule", "autapses", "multapses", "weight", "delay", "synapse", "profile"];
pub(super) const PLAIN_RULES: &[&str] = &["all_to_all", "one_to_one"];
pub(super) const COUNTED_RULES: &[&str] = &["probability", "in_degree", "total"];
const RULES: &[&str] = &["probability", "in_degree", "total", "all_to_all", "one_to_one"];
pub(super) const TSODYKS_MARKRAM_KEYS: &[&str] = &["U", "tau_rec", "tau_fac"];
const SYNAPSES: &[&str] = &["static", "tsodyks_markram"];
pub(super) const PROFILES: &[&str] = &["boxcar", "gaussian", "exponential"];

impl<'t> Reader<'t> {
    /// Fills `network.connections` with those that have no problem.
    pub(super) fn connections(&mut self, node: &'t Node, network: &mut Network) {
        let Some(section) = self.section(node, "connections") else {
            return;
        };
        for (key, node) in section.entries {
            let path = format!("connections.{}", shortened(&key.text));
            if !is_name(&key.text) {
                self.problem(key.at, &path, ProblemKind::BadName { name: shortened(&key.text) });
            }
            network.connections.extend(self.connection(&key.text, node, &path));
        }
    }

    fn connection(&mut self, name: &str, node: &'t Node, path: &str) -> Option<Connection> {
        let section = self.record(node, path, CONNECTION_KEYS)?;
        let pre = self.end(section, "pre", path);
        let post = self.end(section, "post", path);
        let rule = self.rule(section, path);
        let weight_unit =
            post.and_then(|post| self.models.get(post).copied().flatten()).map(|model| model.weight_unit());
        let weight = weight_unit.and_then(|unit| self.required_distribution(section, "weight", path, unit, Range::Any));
        let delay = self.required_distribution(section, "delay", path, "ms", Range::Positive);
        let synapse = self.synapse(section, path);
        let profile = match section.get("profile") {
            Some(node) => self.profile(node, &format!("{path}.profile")).map(Some),
            None => Some(None),
        };
        Some(Connection {
            name: name.to_owned(),
            pre: pre?.to_owned(),
            post: post?.to_owned(),
            rule: rule?,
            weight: weight?,
            delay_ms: delay?,
            synapse: synapse?,
            profile: profile?,
        })
    }

    fn required_distribution(
        &mut self,
        section: Section<'t>,
        key: &'static str,
        path: &str,
        unit: &'static str,
        range: Range,
    ) -> Option<Distribution> {
        let path = format!("{path}.{key}");
        let node = self.required(section, key, &path, &format!("{key}: 1 {unit}"))?;
        self.distribution(node, &path, unit, range)
    }

    /// The population at one end.
    fn end(&mut self, section: Section<'t>, role: &'static str, path: &str) -> Option<&'t str> {
        let path = format!("{path}.{role}");
        let node = self.required(section, role, &path, &format!("{role}: E"))?;
        let name = self.text(node, &path)?;
        if !self.models.contains_key(name) {
            let suggestion = self.suggestion(name, self.models.keys().copied());
            self.problem(node.at, &path, ProblemKind::UnknownPopulation { name: shortened(name), suggestion });
            return None;
        }
        Some(name)
    }

    fn rule(&mut self, section: Section<'t>, path: &str) -> Option<Rule> {
        let written = |reader: &mut Self, key| match section.get(key) {
            Some(_) => reader.switch(section, key, path).map(Some),
            None => Some(None),
        };
        let (autapses, multapses) = (written(self, "autapses"), written(self, "multapses"));
        let (kind, value) = self.rule_kind(section, path)?;
        let (autapses, multapses) = (autapses?, multapses?);
        if multapses.is_some() && !matches!(kind, "in_degree" | "total") {
            let with = "this rule; it makes at most one synapse per pair";
            self.problem(section.at, path, ProblemKind::NotWith { key: "multapses", with });
        }
        if autapses.is_some() && kind == "one_to_one" {
            self.problem(section.at, path, ProblemKind::NotWith { key: "autapses", with: "one_to_one" });
        }
        let (autapses, multapses) = (autapses.unwrap_or(true), multapses.unwrap_or(true));
        let path = format!("{path}.rule.{kind}");
        let mut number = |range| value.and_then(|node| self.value(node, &path, "1", range));
        match kind {
            "probability" => Some(Rule::Probability { p: number(Range::Fraction)?, autapses }),
            "in_degree" => Some(Rule::InDegree { k: number(Range::NonNegative)?, autapses, multapses }),
            "total" => Some(Rule::Total { n: number(Range::COUNT)? as u64, autapses, multapses }),
            "all_to_all" => Some(Rule::AllToAll { autapses }),
            _ => Some(Rule::OneToOne),
        }
    }

    /// The name of the rule and its number, if it has one; a parameter's default may give both.
    fn rule_kind(&mut self, section: Section<'t>, path: &str) -> Option<(&'static str, Option<&'t Node>)> {
        let known = |name: &str| RULES.iter().copied().find(|rule| *rule == name);
        let rule_path = format!("{path}.rule");
        let Some(node) = section.get("rule") else {
            for kind in COUNTED_RULES {
                if let Some(node) = self.field(section, kind, &format!("{rule_path}.{kind}")) {
                    return Some((kind, Some(node)));
                }
            }
            self.missing(section, path, "rule", "rule: {probability: 0.1}");
            return None;
        };
        match &node.value {
            Value::Text(text) if PLAIN_RULES.contains(&text.as_str()) => known(text).map(|kind| (kind, None)),
            Value::Text(text) if COUNTED_RULES.contains(&text.as_str()) => {
                self.wrong_type(node, &rule_path, "a rule with its number, such as `{probability: 0.1}`,");
                None
            }
            Value::Text(text) => {
                self.choice(node, &rule_path, text, RULES);
                None
            }
            _ => {
                let (kind, value) = self.variant(node, &rule_path, COUNTED_RULES)?;
                self.places.insert(format!("{rule_path}.{kind}"), value.at);
                known(kind).map(|kind| (kind, Some(value)))
            }
        }
    }

    fn synapse(&mut self, section: Section<'t>, path: &str) -> Option<Synapse> {
        let path = format!("{path}.synapse");
        let Some(node) = section.get("synapse") else {
            return Some(Synapse::Static);
        };
        if let Value::Text(text) = &node.value {
            return match text.as_str() {
                "static" => Some(Synapse::Static),
                "tsodyks_markram" => self.tsodyks_markram(Section { at: node.at, entries: &[] }, &path),
                _ => {
                    self.choice(node, &path, text, SYNAPSES);
                    None
                }
            };
        }
        let (_, inner) = self.variant(node, &path, &["tsodyks_markram"])?;
        let section = self.record(inner, &path, TSODYKS_MARKRAM_KEYS)?;
        self.tsodyks_markram(section, &path)
    }

    /// Defaults as in NEST's `tsodyks2_synapse`.
    fn tsodyks_markram(&mut self, section: Section<'t>, path: &str) -> Option<Synapse> {
        let u = self.value_or(section, "U", path, "1", Range::Fraction, 0.5);
        let tau_rec_ms = self.value_or(section, "tau_rec", path, "ms", Range::Positive, 800.0);
        let tau_fac_ms = self.value_or(section, "tau_fac", path, "ms", Range::NonNegative, 0.0);
        Some(Synapse::TsodyksMarkram { u: u?, tau_rec_ms: tau_rec_ms?, tau_fac_ms: tau_fac_ms? })
    }

    fn profile(&mut self, node: &'t Node, path: &str) -> Option<SpatialProfile> {
        let (kind, inner) = self.variant(node, path, PROFILES)?;
        let mut only = |key: &'static str| {
            let section = self.record(inner, path, &[key])?;
            self.required_value(section, key, path, "um", Range::Positive)
        };
        match kind {
            "boxcar" => Some(SpatialProfile::Boxcar { width_um: only("width")? }),
            "gaussian" => Some(SpatialProfile::Gaussian { sd_um: only("sd")? }),
            _ => Some(SpatialProfile::Exponential { length_um: only("length")? }),
        }
    }
}
