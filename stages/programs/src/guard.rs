//! No process outlives this one: a small guard ends what is left of the groups of processes, however this process ends.
//!
//! The guard is a shell that reads names of groups from a pipe. When this process ends, killed or not, the pipe ends, and
//! the guard kills the groups that it was told of and not told to forget.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `+ 12` is a group to end, `- 12` one that has ended.
const SCRIPT: &str = r#"groups=' '
while read -r sign group; do
  case "$sign" in
    +) groups="$groups$group " ;;
    -) case "$groups" in *" $group "*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0"#;

struct Guard {
    /// Kept, so that it is not taken for a process that nobody waits for.
    _shell: Child,
    groups: ChildStdin,
}

static GUARD: Mutex<Option<Guard>> = Mutex::new(None);

/// Makes sure that there is a guard.
pub(crate) fn begin() {
    let mut guard = lock();
    if guard.is_none() {
        *guard = start();
    }
}

/// Ends the group when this process ends.
pub(crate) fn watch(group: u32) {
    tell('+', group);
}

/// The group has ended; another may get its number.
pub(crate) fn forget(group: u32) {
    tell('-', group);
}

fn tell(sign: char, group: u32) {
    let mut guard = lock();
    if guard.is_none() {
        *guard = start();
    }
    if let Some(Guard { groups, .. }) = guard.as_mut() {
        // Without a guard, processes end with this one all the same, if not when it is killed.
        // In one piece: half a number would be another group.
        let told = groups.write_all(format!("{sign} {group}\n").as_bytes());
        if told.is_err() {
            *guard = None;
        }
    }
}

fn lock() -> MutexGuard<'static, Option<Guard>> {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn start() -> Option<Guard> {
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("/bin/sh");
    // In a group of its own, so that Ctrl-C reaches it not before it has done its work.
    shell.args(["-c", SCRIPT]).process_group(0).current_dir("/");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut shell = shell.spawn().ok()?;
    let groups = shell.stdin.take()?;
    Some(Guard { _shell: shell, groups })
}

#[cfg(not(unix))]
fn start() -> Option<Guard> {
    None
}
