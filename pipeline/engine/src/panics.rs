//! Where a stage panicked: backtraces are caught by a hook of the process, as they are gone once a panic is caught.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    /// `Some` while a stage runs on this thread.
    static WATCHED: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Sets a hook of this process that takes down where stages panic, so that failures have a backtrace; other panics are left
/// to the hook of before. Until a program calls this, which the `lapicque` command does, panics of stages are told by
/// whatever hook it has, and become failures all the same.
pub fn take_down_backtraces() {
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let caught = WATCHED.with_borrow_mut(|watched| {
                if let Some(text) = watched {
                    let place = panic.location().map(ToString::to_string).unwrap_or_default();
                    *text = format!("panicked at {place}\n{}", Backtrace::force_capture());
                }
                watched.is_some()
            });
            if !caught {
                others(panic);
            }
        }));
    });
}

/// Runs work; returns where it panicked on this thread, if it did and that is taken down: then it is not printed.
pub(crate) fn watch<T>(work: impl FnOnce() -> T) -> (T, Option<String>) {
    let outer = WATCHED.replace(Some(String::new()));
    let result = work();
    let text = WATCHED.replace(outer).filter(|text| !text.is_empty());
    (result, text)
}
