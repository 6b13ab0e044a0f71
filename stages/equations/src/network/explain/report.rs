//! What is told of a model. Values are in SI units; the name of a field says which where it matters.

use serde::Serialize;

/// What a model means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The step of clocks that have no other.
    pub time_step_s: f64,
    /// Constants, by name.
    pub constants: Vec<ConstantReport>,
    /// Groups: those of neurons, then Poisson groups, then spike generators, each by name.
    pub groups: Vec<GroupReport>,
    /// Synapses, by name.
    pub synapses: Vec<SynapsesReport>,
    /// Poisson inputs, by name.
    pub inputs: Vec<InputReport>,
    /// What happens in a step, in its order.
    pub step: Vec<OperationReport>,
    /// Runs, one after the other.
    pub runs: Vec<RunReport>,
    /// Monitors: of spikes, state, rates, events, then final values.
    pub monitors: Vec<MonitorReport>,
    /// How much memory it needs.
    pub memory: MemoryReport,
    /// What should be known about it.
    pub remarks: Vec<Remark>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConstantReport {
    /// Its name.
    pub name: String,
    /// As the model has it.
    pub text: String,
    /// In SI units.
    pub value: f64,
    /// The SI unit.
    pub unit: String,
}

/// What makes the spikes of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Equations.
    Neurons,
    /// Equations of compartments.
    Compartments,
    /// Poisson processes.
    Poisson,
    /// A list of times.
    SpikeGenerator,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// What makes its spikes.
    pub kind: GroupKind,
    /// How many elements it has.
    pub size: u32,
    /// The step of its clock.
    pub time_step_s: f64,
    /// What its equations define.
    pub variables: Vec<VariableReport>,
    /// Equations of derivatives with subexpressions and constants put in, in SI units.
    pub equations: Vec<EquationReport>,
    /// Who steps them; none where nothing is to be integrated.
    pub integrator: Option<IntegratorReport>,
    /// When an element spikes.
    pub threshold: Option<String>,
    /// What happens then.
    pub reset: Option<String>,
    /// How long, or while what, it is refractory.
    pub refractory: Option<String>,
    /// Events other than spikes.
    pub events: Vec<EventReport>,
    /// Of its variables.
    pub bytes: f64,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariableReport {
    /// Its name.
    pub name: String,
    /// `derivative`, `subexpression` or `parameter`.
    pub kind: &'static str,
    /// The SI unit; `integer` or `boolean` for these.
    pub unit: String,
    /// Its flags.
    pub flags: Vec<String>,
    /// The value before the first step, where the model gives one as an expression.
    pub initial: Option<String>,
}

/// The equation of a derivative.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EquationReport {
    /// Of which variable.
    pub variable: String,
    /// `dv/dt = ...`
    pub text: String,
}

/// Who steps equations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntegratorReport {
    /// Its name.
    pub name: String,
    /// Whether the model names it.
    pub named: bool,
    /// Others that come first where none is named, and why they do not take the equations.
    pub refused: Vec<RefusalReport>,
    /// The shortest time constant before the first step, where it can be found.
    pub shortest_time_constant: Option<TimeConstant>,
}

/// That an integrator does not take equations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefusalReport {
    /// Which.
    pub integrator: String,
    /// Why.
    pub reason: String,
}

/// How fast a variable goes back to where it is pulled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeConstant {
    /// Which variable.
    pub variable: String,
    /// The time constant: 1/|df/dv| of dv/dt = f at the values before the first step.
    pub seconds: f64,
    /// In steps.
    pub steps: f64,
}

/// An event other than a spike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventReport {
    /// Its name.
    pub name: String,
    /// When it happens.
    pub condition: String,
}

/// Synapses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SynapsesReport {
    /// Their name.
    pub name: String,
    /// Where spikes come from.
    pub source: String,
    /// Where they go to.
    pub target: String,
    /// How many there are, or are expected.
    pub expected: f64,
    /// Whether that is exact.
    pub exact: bool,
    /// The step of their clock.
    pub time_step_s: f64,
    /// What their equations define.
    pub variables: Vec<VariableReport>,
    /// Equations of derivatives with subexpressions and constants put in, in SI units.
    pub equations: Vec<EquationReport>,
    /// Variables that are solved from event to event.
    pub event_driven: Vec<String>,
    /// Variables that are stepped with the clock.
    pub clock_driven: Vec<String>,
    /// Variables of the target that are sums over synapses.
    pub summed: Vec<String>,
    /// Who steps clock-driven equations.
    pub integrator: Option<IntegratorReport>,
    /// What spikes do.
    pub pathways: Vec<PathwayReport>,
    /// Of all of them.
    pub bytes: f64,
}

/// What spikes do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathwayReport {
    /// Its name.
    pub name: String,
    /// `pre` or `post`.
    pub spikes: &'static str,
    /// The event, unless it is a spike.
    pub event: Option<String>,
    /// Statements.
    pub code: String,
    /// The shortest delay in steps, where it is known before the run.
    pub shortest_delay_steps: Option<u64>,
    /// The longest.
    pub longest_delay_steps: Option<u64>,
}

/// Many Poisson processes onto a variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputReport {
    /// Its name.
    pub name: String,
    /// Which neurons get it.
    pub target: String,
    /// Which variable.
    pub variable: String,
    /// How many processes each has.
    pub processes: u32,
    /// Their rate.
    pub rate: String,
    /// What an event adds.
    pub weight: String,
}

/// Something that happens in a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationReport {
    /// In which slot.
    pub slot: String,
    /// Its place within the slot.
    pub order: i32,
    /// Its name, by which operations of one place are ordered.
    pub name: String,
    /// What it does.
    pub what: &'static str,
    /// From one time to the next.
    pub every_s: f64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// How long.
    pub duration_s: f64,
    /// The step of clocks that have no other.
    pub time_step_s: f64,
    /// How many of these steps.
    pub steps: u64,
    /// What it goes back to before.
    pub restore: Option<String>,
    /// Constants and variables that change before.
    pub changes: Vec<String>,
    /// Under which name all is kept after it.
    pub store: Option<String>,
}

/// What is recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MonitorReport {
    /// Its name.
    pub name: String,
    /// `spikes`, `state`, `rate`, `events` or `final`.
    pub kind: &'static str,
    /// Of which group or synapses.
    pub of: String,
    /// Which variables.
    pub variables: Vec<String>,
    /// How many elements.
    pub elements: f64,
    /// Of what it records; of events and spikes that of each.
    pub bytes: f64,
}

/// How much memory a model needs, estimated.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemoryReport {
    /// Variables of groups.
    pub groups_bytes: f64,
    /// Synapses with their variables, delays and the lists by which they are found.
    pub synapses_bytes: f64,
    /// What monitors of state, rates and final values record.
    pub records_bytes: f64,
    /// What each recorded spike or event needs.
    pub bytes_per_event: f64,
}

impl MemoryReport {
    /// All that is known before the run.
    pub fn total_bytes(&self) -> f64 {
        self.groups_bytes + self.synapses_bytes + self.records_bytes
    }
}

/// What should be known about a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Where.
    pub path: String,
    /// What.
    pub text: String,
}

pub(super) fn memory(groups: &[GroupReport], synapses: &[SynapsesReport], monitors: &[MonitorReport]) -> MemoryReport {
    let of_events = |monitor: &&MonitorReport| matches!(monitor.kind, "spikes" | "events");
    // An empty sum of numbers is -0.
    let sum = |bytes: &mut dyn Iterator<Item = f64>| bytes.fold(0.0, |sum, bytes| sum + bytes);
    MemoryReport {
        groups_bytes: sum(&mut groups.iter().map(|group| group.bytes)),
        synapses_bytes: sum(&mut synapses.iter().map(|synapses| synapses.bytes)),
        records_bytes: sum(&mut monitors.iter().filter(|monitor| !of_events(monitor)).map(|monitor| monitor.bytes)),
        bytes_per_event: sum(&mut monitors.iter().filter(of_events).map(|monitor| monitor.bytes)),
    }
}
