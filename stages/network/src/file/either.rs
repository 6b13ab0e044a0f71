//! Reading files of which it is not known what kind they are.

use super::node::read_nodes;
use super::problem::failed;
use super::{NetworkFile, NetworkFileError, NnmtNetwork, nnmt};

/// A network from either kind of file.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyNetwork {
    /// A file in the format of this crate.
    Lapicque(NetworkFile),
    /// Network parameters of NNMT.
    Nnmt(NnmtNetwork),
}

impl AnyNetwork {
    /// The network with its parameters.
    pub fn file(&self) -> &NetworkFile {
        match self {
            Self::Lapicque(file) => file,
            Self::Nnmt(network) => &network.file,
        }
    }

    /// The network with its parameters.
    pub fn into_file(self) -> NetworkFile {
        match self {
            Self::Lapicque(file) => file,
            Self::Nnmt(network) => network.file,
        }
    }
}

/// Reads a network file, or network parameters of NNMT, which are recognised by their keys.
///
/// # Errors
/// All problems of the file, by line and column.
pub fn read_network(text: &str, source_name: &str) -> Result<AnyNetwork, NetworkFileError> {
    let root = read_nodes(text).map_err(|problem| failed(source_name, vec![*problem]))?;
    let network = match nnmt::is_nnmt(&root) {
        true => nnmt::read(&root).map(AnyNetwork::Nnmt),
        false => NetworkFile::read(&root).map(AnyNetwork::Lapicque),
    };
    network.map_err(|problems| failed(source_name, problems))
}
