//! Whether there is a Python that stages of the kind `python` can use.

use std::process::Command;
use std::sync::OnceLock;

/// Whether the Python that stages start has pyarrow and NumPy; says so once where it has not.
pub(crate) fn has_python() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let python = std::env::var("LAPICQUE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let answer = Command::new(&python).args(["-c", "import pyarrow, numpy"]).output();
        let has = answer.is_ok_and(|answer| answer.status.success());
        if !has {
            eprintln!("skipped: `{python}` has not both of pyarrow and numpy (LAPICQUE_PYTHON names another)");
        }
        has
    })
}
