//! What a program prints: its beginning and its end are kept, whatever lies between is counted.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of the beginning and of the end that are kept of what one sample prints.
const KEPT: usize = 2048;
/// How long a mark may be on its way: programs that print from other threads may lose it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hears what a process prints, until its pipe ends.
#[derive(Clone)]
pub(crate) struct Printed(Arc<(Mutex<Heard>, Condvar)>);

#[derive(Default)]
struct Heard {
    text: Excerpt,
    /// Marks that have been seen.
    marks: u64,
    ended: bool,
}

/// The beginning and the end of a text.
#[derive(Default, Clone)]
struct Excerpt {
    first: Vec<u8>,
    last: Vec<u8>,
    bytes: u64,
}

impl Printed {
    /// Reads in a thread of its own. A mark, which is no part of the text, stands at the end of what a call prints: it is
    /// followed by a number and the end of the line.
    pub(crate) fn hear(mut pipe: impl Read + Send + 'static, mark: Option<String>) -> std::io::Result<Self> {
        let printed = Self(Arc::default());
        let ours = printed.clone();
        let listen = move || {
            let mark = mark.map(String::into_bytes);
            let mut buffer = vec![0; 1 << 16];
            // What may be the beginning of a mark.
            let mut held: Vec<u8> = Vec::new();
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                held.extend_from_slice(&buffer[..length]);
                ours.take(&mut held, mark.as_deref());
            }
            let mut heard = ours.lock();
            heard.text.add(&held);
            heard.ended = true;
            ours.0.1.notify_all();
        };
        std::thread::Builder::new().name("printed".to_owned()).spawn(listen)?;
        Ok(printed)
    }

    /// What was printed up to this mark, and since it was last asked for.
    pub(crate) fn up_to(&self, mark: u64) -> Option<String> {
        let heard = self.wait(|heard| heard.marks >= mark || heard.ended);
        taken(heard)
    }

    /// What was printed by a process that has ended.
    pub(crate) fn all(&self) -> Option<String> {
        let heard = self.wait(|heard| heard.ended);
        taken(heard)
    }

    fn wait(&self, is_there: impl Fn(&Heard) -> bool) -> MutexGuard<'_, Heard> {
        let (_, told) = &*self.0;
        let waited = told.wait_timeout_while(self.lock(), PATIENCE, |heard| !is_there(heard));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all that cannot be part of a mark.
    fn take(&self, held: &mut Vec<u8>, mark: Option<&[u8]>) {
        let mut heard = self.lock();
        let Some(mark) = mark else {
            heard.text.add(held);
            held.clear();
            return;
        };
        while let Some(start) = position(held, mark) {
            let Some(end) = held[start..].iter().position(|&byte| byte == b'\n') else {
                break;
            };
            heard.text.add(&held[..start]);
            let number = std::str::from_utf8(&held[start + mark.len()..start + end]).unwrap_or_default();
            heard.marks = number.parse().unwrap_or(heard.marks + 1);
            held.drain(..=start + end);
        }
        let may_begin = |at: &usize| mark.starts_with(&held[*at..]) || held[*at..].starts_with(mark);
        let longest = held.len().saturating_sub(mark.len() + 24);
        let keep = (longest..held.len()).find(may_begin).unwrap_or(held.len());
        heard.text.add(&held[..keep]);
        held.drain(..keep);
        self.0.1.notify_all();
    }
}

fn position(text: &[u8], mark: &[u8]) -> Option<usize> {
    let first = *mark.first()?;
    let mut at = 0;
    while let Some(next) = text[at..].iter().position(|&byte| byte == first) {
        at += next;
        if text[at..].starts_with(mark) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn taken(mut heard: MutexGuard<'_, Heard>) -> Option<String> {
    std::mem::take(&mut heard.text).shown()
}

impl Excerpt {
    fn add(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        let (first, rest) = text.split_at(text.len().min(KEPT - self.first.len()));
        self.first.extend_from_slice(first);
        self.last.extend_from_slice(&rest[rest.len().saturating_sub(KEPT)..]);
        let excess = self.last.len().saturating_sub(KEPT);
        self.last.drain(..excess);
    }

    /// The text, without blanks at its end; what is no UTF-8 is shown as `\u{fffd}`.
    fn shown(mut self) -> Option<String> {
        let between = self.bytes - (self.first.len() + self.last.len()) as u64;
        let text = if between == 0 {
            self.first.append(&mut self.last);
            String::from_utf8_lossy(&self.first).into_owned()
        } else {
            let (first, last) = (String::from_utf8_lossy(&self.first), String::from_utf8_lossy(&self.last));
            format!("{}\n... {between} bytes left out ...\n{}", first.trim_end(), last)
        };
        let is_plain = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
        let text: String = text.trim_end().chars().filter(is_plain).collect();
        (!text.trim().is_empty()).then_some(text)
    }
}

/// The last lines of a text, for a message.
pub(crate) fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a text in pieces of these lengths.
    struct Pieces(Vec<u8>, Vec<usize>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.pop().unwrap_or(usize::MAX).max(1).min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    proptest! {
        #[test]
        fn text_between_marks_is_what_was_printed(
            text in prop::collection::vec(prop_oneof![Just(b'#'), Just(b'\n'), Just(b'a')], 0..200),
            pieces in prop::collection::vec(1usize..20, 0..100),
        ) {
            let mut printed = text.clone();
            printed.extend_from_slice(b"##mark 17\n");
            let heard = Printed::hear(Pieces(printed, pieces), Some("##mark ".to_owned())).unwrap();
            let expected = String::from_utf8(text).unwrap();
            let expected = Some(expected.trim_end().to_owned()).filter(|text| !text.trim().is_empty());
            prop_assert_eq!(heard.up_to(17), expected);
        }
    }

    #[test]
    fn of_a_long_text_beginning_and_end_are_kept() {
        let text = format!("begin{}end", "x".repeat(100_000_000));
        let heard = Printed::hear(std::io::Cursor::new(text), None).unwrap();
        let shown = heard.all().unwrap();
        assert!(shown.len() < 5000 && shown.starts_with("begin") && shown.ends_with("end"));
        assert!(shown.contains("... 99995912 bytes left out ..."), "{shown}");
    }

    #[test]
    fn what_is_no_text_is_shown_as_such() {
        let heard = Printed::hear(std::io::Cursor::new(b"a\xff\xfe\x07b\n".to_vec()), None).unwrap();
        assert_eq!(heard.all().unwrap(), "a\u{fffd}\u{fffd}b");
        let nothing = Printed::hear(std::io::Cursor::new(b" \n".to_vec()), None).unwrap();
        assert_eq!(nothing.all(), None);
    }
}
