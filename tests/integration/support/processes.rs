//! An executor that gives each batch to a process of its own: this program of tests, started again. Some are killed, some reports get lost.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapicque_pipeline::task::BatchTask;
use lapicque_pipeline::worker::{Reply, work};
use lapicque_pipeline::{Done, Executor, Outcome, Registry, Store};
use lapicque_schemas::Digest;
use lapicque_store::ParquetStore;
use tempfile::TempDir;

use super::Chance;

/// Runs of pipelines in this process use it where this variable of the environment says so.
pub(crate) const VARIABLE: &str = "LAPICQUE_TEST_EXECUTOR";
/// Names the file of the task in a process that is a worker.
const TASK: &str = "LAPICQUE_TEST_TASK";

pub(crate) struct Processes {
    folder: TempDir,
    next: AtomicUsize,
    /// Where some processes are killed and some reports lost.
    accidents: Option<Mutex<Chance>>,
    /// How often a batch was killed, by its stages and samples: the dispatcher gives up after three times.
    killed: Mutex<HashMap<String, u32>>,
    computed: Arc<Mutex<BTreeSet<Digest>>>,
}

/// What happens to a process.
enum Fate {
    Reports,
    /// Its report gets lost after it has published.
    IsSilent,
    DiesAfter(Duration),
}

impl Processes {
    pub(crate) fn new(accidents: Option<u64>) -> Self {
        let accidents = accidents.map(|seed| Mutex::new(Chance(seed)));
        let (next, killed, computed) = (AtomicUsize::new(0), Mutex::default(), Arc::default());
        Self { folder: TempDir::new().unwrap(), next, accidents, killed, computed }
    }

    /// The keys of all that was computed.
    pub(crate) fn computed(&self) -> BTreeSet<Digest> {
        self.computed.lock().unwrap().clone()
    }

    pub(crate) fn kills(&self) -> u32 {
        self.killed.lock().unwrap().values().sum()
    }

    fn fate(&self, task: &BatchTask) -> Fate {
        let Some(chance) = &self.accidents else {
            return Fate::Reports;
        };
        let mut chance = chance.lock().unwrap();
        match chance.below(4) {
            0 => {
                let stages: Vec<&str> = task.members.iter().map(|member| member.stage.as_str()).collect();
                let mut killed = self.killed.lock().unwrap();
                let times = killed.entry(format!("{stages:?} {:?}", task.labels)).or_default();
                if *times == 2 {
                    return Fate::Reports;
                }
                *times += 1;
                Fate::DiesAfter(Duration::from_millis(chance.below(60)))
            }
            1 => Fate::IsSilent,
            _ => Fate::Reports,
        }
    }
}

impl Executor for Processes {
    fn slots(&self) -> usize {
        2
    }

    fn submit(&self, task: Arc<BatchTask>, done: Done) {
        let fate = self.fate(&task);
        let file = self.folder.path().join(format!("{}.json", self.next.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&file, serde_json::to_string(&*task).unwrap()).unwrap();
        let computed = self.computed.clone();
        std::thread::spawn(move || {
            let outcome = outcome(&file, &fate);
            if let Outcome::Computed(report) = &outcome {
                let units = report.members.iter().flat_map(|member| member.units.iter().flatten());
                computed.lock().unwrap().extend(units.filter(|unit| unit.computed).map(|unit| unit.key));
            }
            done.tell(outcome);
        });
    }
}

fn reply_of(task: &Path) -> PathBuf {
    task.with_extension("reply")
}

fn outcome(task: &Path, fate: &Fate) -> Outcome {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "support::processes::a_task_of_another_process"])
        .env(TASK, task)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if let Fate::DiesAfter(time) = fate {
        std::thread::sleep(*time);
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    let reply = std::fs::read(reply_of(task)).unwrap_or_default();
    match (serde_json::from_slice::<Reply>(&reply), fate) {
        (Ok(Reply::Computed(_)), Fate::IsSilent) => Outcome::Published,
        (Ok(reply), _) => reply.outcome(),
        (Err(_), _) => Outcome::Lost { message: status.to_string() },
    }
}

/// All kinds that suites use.
fn kinds() -> Registry {
    crate::conformance::registry()
}

/// Where such a process begins; a run of the tests finds no task.
#[test]
fn a_task_of_another_process() {
    let Some(task) = std::env::var_os(TASK).map(PathBuf::from) else {
        return;
    };
    let open = |place: &str| Ok(Box::new(ParquetStore::open(place.as_ref())?) as Box<dyn Store>);
    let text = std::fs::File::open(&task).unwrap();
    let report = work(text, &kinds(), open, 1, &AtomicBool::new(false));
    let reply = Reply::of(report).unwrap();
    // As a whole or not at all, whenever it is killed.
    let part = task.with_extension("part");
    std::fs::write(&part, serde_json::to_string(&reply).unwrap()).unwrap();
    std::fs::rename(part, reply_of(&task)).unwrap();
}
