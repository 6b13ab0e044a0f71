//! HDF5 as the formats on top of it see it: groups, arrays, attributes, references. The one place that knows the crate that reads it.
//!
//! `hdf5-reader` is handed ranges of bytes (`served.rs`), never a path, so no file can name another one: links and data in other files are not followed.
//! Its limits are set, and every shape is held against [`Limits`] before values are read, since a file of a kilobyte may announce an array of any size
//! (a compressed chunk, or none at all and a fill value): at most 64 values for each byte of the file, 2^22 in any case, and never more than 2^31.

mod error;
mod lzf;
mod served;
mod values;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use hdf5_reader::messages::attribute::AttributeMessage;
use hdf5_reader::{Dataset, Datatype, StringSize, VarLenKind};

use crate::read_seek::ReadSeek;
pub use error::Hdf5Error;
use error::damaged;

/// A file that cannot have more objects than this is worth reading.
const MOST_OBJECTS: usize = 1 << 20;
/// Groups within groups.
const MOST_DEPTH: usize = 64;

/// What may be read out of a file of some length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) file_bytes: u64,
}

impl Limits {
    /// Values of one array.
    pub(crate) fn values(self) -> u64 {
        const PER_BYTE: u64 = 64;
        const ANYWAY: u64 = 1 << 22;
        const NEVER_MORE: u64 = 1 << 31;
        self.file_bytes.saturating_mul(PER_BYTE).clamp(ANYWAY, NEVER_MORE)
    }

    /// Bytes of all texts of one array together.
    fn text(self) -> u64 {
        self.file_bytes.saturating_mul(4).saturating_add(1 << 16)
    }
}

/// A file whose superblock has been read.
pub(crate) struct Hdf5 {
    file: hdf5_reader::Hdf5File,
    limits: Limits,
}

/// A group or an array.
#[derive(Clone)]
pub(crate) enum Node {
    Group(Group),
    Array(Box<Array>),
}

/// A folder of the file.
#[derive(Clone)]
pub(crate) struct Group {
    group: hdf5_reader::group::Group,
    path: String,
    limits: Limits,
}

/// A data set.
#[derive(Clone)]
pub(crate) struct Array {
    dataset: Dataset,
    path: String,
    limits: Limits,
    offset_bytes: u8,
}

/// What the elements of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elements {
    Numbers {
        is_whole: bool,
    },
    /// Pairs of real and imaginary parts.
    Complex,
    Texts,
    /// Addresses of other objects.
    References,
    /// What nothing here reads.
    Others,
}

/// A value on an object.
pub(crate) enum Attribute {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
    Others,
}

impl Attribute {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Texts(texts) => texts.first().map(String::as_str),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Numbers(numbers) => numbers.first().copied(),
            _ => None,
        }
    }
}

/// Fetches the bytes that a reference of any length leads to.
type Resolve<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, Hdf5Error> + 'a;

/// Opens the file and reads from it; what `read` gives back holds no group or array. The crate asks for bytes from a thread of its own, which owns all that it holds, while this one reads them.
pub(crate) fn with_file<T, E>(
    reader: &mut dyn ReadSeek,
    read: impl FnOnce(&Hdf5) -> Result<T, E> + Send,
) -> Result<T, E>
where
    T: Send,
    E: From<Hdf5Error> + Send,
{
    served::with_storage(reader, |storage, file_bytes| {
        // Deflate shrinks a thousand times at most.
        let max_chunk_bytes = file_bytes.saturating_mul(1032).clamp(1 << 22, 1 << 28) as usize;
        let options = hdf5_reader::OpenOptions {
            chunk_cache_bytes: 1 << 24,
            max_chunk_bytes,
            max_object_header_bytes: 1 << 24,
            filter_registry: Some(lzf::filters(max_chunk_bytes)),
            ..hdf5_reader::OpenOptions::default()
        };
        let file = hdf5_reader::Hdf5File::from_storage_with_options(storage, options).map_err(|error| match error {
            hdf5_reader::error::Error::InvalidMagic => Hdf5Error::NotHdf5,
            error => damaged("the file", &error),
        })?;
        read(&Hdf5 { file, limits: Limits { file_bytes } })
    })
}

impl Hdf5 {
    pub(crate) fn root(&self) -> Result<Group, Hdf5Error> {
        let group = self.file.root_group().map_err(|error| damaged("/", &error))?;
        Ok(Group { group, path: String::new(), limits: self.limits })
    }

    /// All objects that can be reached from the root, by their addresses; each once, however links go round.
    pub(crate) fn by_address(&self) -> Result<HashMap<u64, Node>, Hdf5Error> {
        let root = self.root()?;
        let mut known = HashMap::new();
        let mut groups = vec![(root, 0)];
        let mut seen = HashSet::new();
        while let Some((group, depth)) = groups.pop() {
            if depth > MOST_DEPTH || !seen.insert(group.group.address()) {
                continue;
            }
            for (_, node) in group.members()? {
                if known.len() >= MOST_OBJECTS {
                    return Err(Hdf5Error::TooMany { most: MOST_OBJECTS });
                }
                match &node {
                    Node::Group(group) => groups.push((group.clone(), depth + 1)),
                    Node::Array(_) => {}
                }
                known.insert(node.address(), node);
            }
        }
        Ok(known)
    }
}

impl Node {
    fn address(&self) -> u64 {
        match self {
            Self::Group(group) => group.group.address(),
            Self::Array(array) => array.dataset.address(),
        }
    }
}

impl Group {
    pub(crate) fn address(&self) -> u64 {
        self.group.address()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn child_path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) }
    }

    /// Groups and arrays in it, with their names.
    pub(crate) fn members(&self) -> Result<Vec<(String, Node)>, Hdf5Error> {
        let (groups, arrays) = self.group.members().map_err(|error| damaged(&self.path, &error))?;
        if groups.len() + arrays.len() > MOST_OBJECTS {
            return Err(Hdf5Error::TooMany { most: MOST_OBJECTS });
        }
        let groups = groups.into_iter().map(|group| (group.name().to_owned(), self.group_node(group)));
        let mut members: Vec<(String, Node)> = groups.collect();
        members.extend(arrays.into_iter().map(|array| (array.name().to_owned(), self.array_node(array))));
        Ok(members)
    }

    fn group_node(&self, group: hdf5_reader::group::Group) -> Node {
        let path = self.child_path(group.name());
        Node::Group(Self { group, path, limits: self.limits })
    }

    fn array_node(&self, dataset: Dataset) -> Node {
        let path = self.child_path(dataset.name());
        Node::Array(Box::new(Array { dataset, path, limits: self.limits, offset_bytes: self.group.offset_size() }))
    }

    /// The group of this name, if there is one.
    pub(crate) fn group(&self, name: &str) -> Result<Option<Self>, Hdf5Error> {
        match self.child(name)? {
            Some(Node::Group(group)) => Ok(Some(group)),
            _ => Ok(None),
        }
    }

    /// The array of this name, if there is one.
    pub(crate) fn array(&self, name: &str) -> Result<Option<Array>, Hdf5Error> {
        match self.child(name)? {
            Some(Node::Array(array)) => Ok(Some(*array)),
            _ => Ok(None),
        }
    }

    pub(crate) fn child(&self, name: &str) -> Result<Option<Node>, Hdf5Error> {
        match self.group.dataset(name) {
            Ok(dataset) => return Ok(Some(self.array_node(dataset))),
            Err(error) if error::is_missing(&error) => {}
            Err(error) => return Err(damaged(&self.child_path(name), &error)),
        }
        match self.group.group(name) {
            Ok(group) => Ok(Some(self.group_node(group))),
            Err(error) if error::is_missing(&error) => Ok(None),
            Err(error) => Err(damaged(&self.child_path(name), &error)),
        }
    }

    /// What lies at a path such as `acquisition/eeg`.
    pub(crate) fn at(&self, path: &str) -> Result<Option<Node>, Hdf5Error> {
        let mut node = Node::Group(self.clone());
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Node::Group(group) = node else {
                return Ok(None);
            };
            match group.child(name)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Attribute>, Hdf5Error> {
        let attributes = self.group.raw_attributes().map_err(|error| damaged(&self.path, &error))?;
        let message = attributes.into_iter().find(|attribute| attribute.name() == name);
        let resolve = |reference: &[u8]| {
            self.group.resolve_vlen_reference_bytes(reference, 1).map_err(|error| damaged(&self.path, &error))
        };
        message.map(|message| decoded(message.message(), &resolve, self.limits, &self.path)).transpose()
    }
}

impl Array {
    pub(crate) fn shape(&self) -> &[u64] {
        self.dataset.shape()
    }

    pub(crate) fn elements(&self) -> Elements {
        match number_type(self.dataset.dtype()) {
            Some(Datatype::FixedPoint { size: 1 | 2 | 4 | 8, .. }) => return Elements::Numbers { is_whole: true },
            Some(Datatype::FloatingPoint { size: 4 | 8, .. }) => return Elements::Numbers { is_whole: false },
            _ => {}
        }
        match self.dataset.dtype() {
            Datatype::String { .. } | Datatype::VarLen { kind: VarLenKind::String, .. } => Elements::Texts,
            Datatype::Reference { ref_type: hdf5_reader::ReferenceType::Object, .. } => Elements::References,
            datatype if values::complex_parts(datatype).is_some() => Elements::Complex,
            _ => Elements::Others,
        }
    }

    /// How many elements it has; refused where a file of this length cannot have so many.
    pub(crate) fn count(&self) -> Result<u64, Hdf5Error> {
        let most = self.limits.values();
        let count = self.shape().iter().try_fold(1_u64, |count, &length| count.checked_mul(length));
        count.filter(|&count| count <= most).ok_or_else(|| Hdf5Error::TooLarge {
            path: self.path.clone(),
            shape: shape_text(self.shape()),
            file_bytes: self.limits.file_bytes,
            most,
        })
    }

    /// Its numbers, of the places in `rows` along the first axis if only these are wanted, in the order of the file.
    ///
    /// Whole numbers beyond 2^53 are rounded to the nearest f64.
    pub(crate) fn numbers(&self, rows: Option<Range<u64>>) -> Result<Vec<f64>, Hdf5Error> {
        self.count()?;
        let Some(kind) = number_type(self.dataset.dtype()) else {
            return Err(self.other_kind("numbers"));
        };
        values::numbers(&self.dataset, kind, rows, &self.path)
    }

    /// Its real and its imaginary parts.
    pub(crate) fn complex(&self) -> Result<(Vec<f64>, Vec<f64>), Hdf5Error> {
        self.count()?;
        let Some(parts) = values::complex_parts(self.dataset.dtype()) else {
            return Err(self.other_kind("complex numbers"));
        };
        let raw = self.raw()?;
        let width = self.dataset.raw_element_size().map_err(|error| damaged(&self.path, &error))?;
        Ok(values::complex(&raw, width, parts))
    }

    /// The only number in it, or the first.
    pub(crate) fn number(&self) -> Result<Option<f64>, Hdf5Error> {
        Ok(self.numbers(None)?.first().copied())
    }

    /// Its texts.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Hdf5Error> {
        let count = self.count()?;
        let raw = self.raw()?;
        let resolve = |reference: &[u8]| {
            self.dataset.resolve_vlen_reference_bytes(reference, 1).map_err(|error| damaged(&self.path, &error))
        };
        let texts = texts_of(self.dataset.dtype(), &raw, count, &resolve, self.limits, &self.path)?;
        texts.ok_or_else(|| self.other_kind("text"))
    }

    /// The addresses of the objects that it refers to.
    pub(crate) fn references(&self) -> Result<Vec<u64>, Hdf5Error> {
        self.count()?;
        if self.elements() != Elements::References {
            return Err(self.other_kind("references"));
        }
        let raw = self.raw()?;
        hdf5_reader::reference::read_object_references(&raw, self.offset_bytes)
            .map_err(|error| damaged(&self.path, &error))
    }

    fn raw(&self) -> Result<Vec<u8>, Hdf5Error> {
        // Elements that are no numbers may be wide.
        let most = self.limits.values();
        let bytes = self.dataset.raw_byte_len().map_err(|error| damaged(&self.path, &error))?;
        if bytes as u64 > most {
            let (path, shape) = (self.path.clone(), shape_text(self.shape()));
            return Err(Hdf5Error::TooLarge { path, shape, file_bytes: self.limits.file_bytes, most });
        }
        self.dataset.read_raw_bytes().map_err(|error| damaged(&self.path, &error))
    }

    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Attribute>, Hdf5Error> {
        let attributes = self.dataset.raw_attributes().map_err(|error| damaged(&self.path, &error))?;
        let message = attributes.into_iter().find(|attribute| attribute.name() == name);
        let resolve = |reference: &[u8]| {
            self.dataset.resolve_vlen_reference_bytes(reference, 1).map_err(|error| damaged(&self.path, &error))
        };
        message.map(|message| decoded(message.message(), &resolve, self.limits, &self.path)).transpose()
    }

    pub(crate) fn other_kind(&self, allowed: &'static str) -> Hdf5Error {
        Hdf5Error::OtherKind { path: self.path.clone(), allowed }
    }
}

/// The numbers that a type consists of; booleans are an enumeration of whole numbers.
fn number_type(datatype: &Datatype) -> Option<&Datatype> {
    match datatype {
        Datatype::FixedPoint { .. } | Datatype::FloatingPoint { .. } => Some(datatype),
        Datatype::Enum { base, .. } => number_type(base),
        _ => None,
    }
}

fn decoded(
    message: &AttributeMessage,
    resolve: &Resolve<'_>,
    limits: Limits,
    path: &str,
) -> Result<Attribute, Hdf5Error> {
    let raw = &message.raw_data;
    if let Some(kind) = number_type(&message.datatype) {
        return Ok(values::plain(kind, raw).map_or(Attribute::Others, Attribute::Numbers));
    }
    let count = message.dataspace.num_elements().unwrap_or(0);
    let texts = texts_of(&message.datatype, raw, count, resolve, limits, path)?;
    Ok(texts.map_or(Attribute::Others, Attribute::Texts))
}

/// Texts of fixed or any length; `None` where the elements are none.
fn texts_of(
    datatype: &Datatype,
    raw: &[u8],
    count: u64,
    resolve: &Resolve<'_>,
    limits: Limits,
    path: &str,
) -> Result<Option<Vec<String>>, Hdf5Error> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    match datatype {
        Datatype::String { size: StringSize::Fixed(width), .. } => {
            let texts = raw.chunks_exact((*width as usize).max(1)).take(count).map(text);
            Ok(Some(texts.collect()))
        }
        Datatype::String { size: StringSize::Variable, .. } | Datatype::VarLen { kind: VarLenKind::String, .. } => {
            let width = raw.len().checked_div(count).unwrap_or(0).max(1);
            let mut left = limits.text();
            let mut texts = Vec::new();
            for reference in raw.chunks_exact(width).take(count) {
                // How many bytes it has stands in front; many may refer to the same ones.
                let announced = reference.first_chunk().map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
                left = left
                    .checked_sub(announced)
                    .ok_or_else(|| Hdf5Error::TooMuchText { path: path.to_owned(), most: limits.text() })?;
                texts.push(if announced == 0 { String::new() } else { text(&resolve(reference)?) });
            }
            Ok(Some(texts))
        }
        _ => Ok(None),
    }
}

/// Without what pads it.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim_end_matches(' ').to_owned()
}

/// `1024 x 8`.
pub(crate) fn shape_text(shape: &[u64]) -> String {
    let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
    lengths.join(" x ")
}
