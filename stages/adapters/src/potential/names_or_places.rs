//! Fields that take a name or a map: read by what stands there, so that errors name the field within the map.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::head_config::{Choice, DipoleConfig, ElectrodeConfig, ElectrodesConfig, PlacedDipole, PlacedElectrode};

impl Serialize for DipoleConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => name.serialize(serializer),
            Self::Placed(placed) => placed.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for DipoleConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DipoleVisitor)
    }
}

struct DipoleVisitor;

impl<'de> Visitor<'de> for DipoleVisitor {
    type Value = DipoleConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a place, or a map such as `{position: [0 mm, 0 mm, 78 mm]}`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<DipoleConfig, E> {
        Ok(DipoleConfig::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DipoleConfig, A::Error> {
        PlacedDipole::deserialize(MapAccessDeserializer::new(map)).map(DipoleConfig::Placed)
    }
}

impl Serialize for ElectrodeConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => name.serialize(serializer),
            Self::Placed(placed) => placed.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ElectrodeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElectrodeVisitor)
    }
}

struct ElectrodeVisitor;

impl<'de> Visitor<'de> for ElectrodeVisitor {
    type Value = ElectrodeConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an electrode, or a map such as `{name: A1, position: [0 mm, 0 mm, 90 mm]}`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ElectrodeConfig, E> {
        Ok(ElectrodeConfig::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ElectrodeConfig, A::Error> {
        PlacedElectrode::deserialize(MapAccessDeserializer::new(map)).map(ElectrodeConfig::Placed)
    }
}

impl Serialize for ElectrodesConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Choice(choice) => choice.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ElectrodesConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElectrodesVisitor)
    }
}

struct ElectrodesVisitor;

impl<'de> Visitor<'de> for ElectrodesVisitor {
    type Value = ElectrodesConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`nearest`, `all` or a list of electrodes")
    }

    fn visit_str<E: Error>(self, choice: &str) -> Result<ElectrodesConfig, E> {
        Choice::deserialize(choice.into_deserializer()).map(ElectrodesConfig::Choice)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ElectrodesConfig, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(ElectrodesConfig::List)
    }
}
