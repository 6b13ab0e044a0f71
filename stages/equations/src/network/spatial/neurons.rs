//! Neurons as wholes: a second object of a group, `NAME.neurons`, whose elements are neurons rather than compartments.
//!
//! There is one where spikes are looked for at a place of the neuron. Its variables are those of the compartment there. So
//! synapses can come from neurons and monitors count them, while synapses go to compartments.

use std::sync::Arc;

use crate::engine::{EngineError, Layout};
use crate::network::object::{Elements, Object, Remote};

/// What the names of such objects end in.
const WHOLE: &str = ".neurons";

/// The name of the group of compartments, from that of its neurons as wholes.
pub(crate) fn compartments_of(name: &str) -> Option<&str> {
    name.strip_suffix(WHOLE)
}

/// The object of neurons that spike at elements `spiking` of the object of compartments with its number.
///
/// # Errors
/// None that the object of compartments does not have.
pub(super) fn whole(compartments: &Object, number: usize, spiking: &Arc<[u32]>) -> Result<Object, EngineError> {
    let own = compartments.own_columns();
    let mut columns = Vec::new();
    let mut remotes = Vec::new();
    for (column, described) in compartments.layout.columns().iter().enumerate() {
        let linked = column.checked_sub(own).and_then(|linked| compartments.remotes.get(linked));
        let remote = match linked {
            Some(Remote { object, column, elements: Elements::Listed(of) }) => {
                let elements = spiking.iter().filter_map(|&element| of.get(element as usize).copied()).collect();
                Remote { object: *object, column: *column, elements: Elements::Listed(elements) }
            }
            Some(shared) => shared.clone(),
            None if described.shared => Remote { object: number, column, elements: Elements::Shared },
            None => Remote { object: number, column, elements: Elements::Listed(spiking.clone()) },
        };
        columns.push(described.clone());
        remotes.push(remote);
    }
    let layout = Layout::new(spiking.len(), columns)?;
    Ok(Object { name: format!("{}{WHOLE}", compartments.name), layout, remotes, ..compartments.clone() })
}
