//! LZF, which h5py offers as a filter of its own (number 32000): literal bytes, and repetitions of what came up to 8192 bytes before.
//!
//! A byte below 32 is followed by so many literals and one more. In any other one the three high bits are the length of a repetition (7: the next byte is
//! added) less 2, the five low ones and the byte after that the distance less 1. The size of a chunk is the third parameter of the filter.

use hdf5_reader::FilterRegistry;
use hdf5_reader::error::Error;

const NUMBER: u16 = 32_000;
const CHUNK_BYTES_PARAMETER: usize = 2;

/// The filters that are read: those of the crate, and LZF in chunks of at most so many bytes.
pub(super) fn filters(most_bytes: usize) -> FilterRegistry {
    let mut filters = FilterRegistry::new();
    filters.register(
        NUMBER,
        Box::new(move |filter, data, _| {
            let announced = filter.client_data.get(CHUNK_BYTES_PARAMETER).map_or(0, |&bytes| bytes as usize);
            if announced > most_bytes {
                return Err(Error::ResourceLimit(format!(
                    "an LZF chunk of {announced} bytes; at most {most_bytes} are read"
                )));
            }
            expanded(data, announced).ok_or_else(|| Error::DecompressionError("LZF data are damaged".to_owned()))
        }),
    );
    filters
}

/// `None` where the data lead out of themselves or are not as long as announced.
fn expanded(data: &[u8], announced: usize) -> Option<Vec<u8>> {
    const SHORTEST: usize = 2;
    const LONG: usize = 7;
    let mut out: Vec<u8> = Vec::new();
    let mut rest = data;
    while let Some((&control, after)) = rest.split_first() {
        let control = usize::from(control);
        if control < 32 {
            let (literals, after) = after.split_at_checked(control + 1)?;
            out.extend(literals);
            rest = after;
        } else {
            let (mut length, mut after) = (control >> 5, after);
            if length == LONG {
                let (&more, behind) = after.split_first()?;
                length += usize::from(more);
                after = behind;
            }
            let (&low, behind) = after.split_first()?;
            let distance = ((control & 31) << 8) + usize::from(low) + 1;
            let start = out.len().checked_sub(distance)?;
            // What is repeated may reach into what it becomes.
            for at in start..start + length + SHORTEST {
                out.push(out[at]);
            }
            rest = behind;
        }
        if out.len() > announced {
            return None;
        }
    }
    (out.len() == announced).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_repetitions_become_what_they_were() {
        assert_eq!(expanded(b"\x02abc", 3).unwrap(), b"abc");
        // Two literals, then 4 bytes from 2 before, which reach into themselves.
        assert_eq!(expanded(b"\x01ab\x40\x01", 6).unwrap(), b"ababab");
        // A long one: 7 + 250 + 2 of the byte before.
        assert_eq!(expanded(b"\x00x\xe0\xfa\x00", 260).unwrap(), [b'x'; 260]);
        assert_eq!(expanded(b"", 0).unwrap(), b"");
    }

    #[test]
    fn damaged_data_are_refused() {
        for (data, announced) in [
            (&b"\x02ab"[..], 3),
            (b"\x40\x00", 4),
            (b"\x00x\x40\x01", 5),
            (b"\x00x\xe0", 260),
            (b"\x00x\xe0\xfa", 260),
            (b"\x02abc", 2),
            (b"\x02abc", 4),
        ] {
            assert_eq!(expanded(data, announced), None, "{data:?}");
        }
    }
}
