//! The queue against a list of all synapses with the step in which each is due.

use proptest::prelude::*;

use super::*;

const DT: f64 = 1e-4;

/// What is due in each step, in order, computed event by event.
fn plainly(neuron_of: &[u32], delays: &[f64], fired: &[Vec<u32>], dt: f64) -> Vec<Vec<u32>> {
    let mut due = vec![Vec::new(); fired.len() + 1000];
    for (step, neurons) in fired.iter().enumerate() {
        for &neuron in neurons {
            for (synapse, _) in neuron_of.iter().enumerate().filter(|&(_, &own)| own == neuron) {
                let steps = (delays[synapse] / dt + 0.5) as usize;
                due[step + steps].push(synapse as u32);
            }
        }
    }
    due.truncate(fired.len());
    due
}

fn through_queue(queue: &mut Queue, fired: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut due = Vec::new();
    let mut all = Vec::new();
    for neurons in fired {
        queue.push(neurons.iter().copied());
        queue.pop(&mut due);
        all.push(due.iter().flat_map(|&run| queue.runs().of(run).to_vec()).collect());
    }
    all
}

#[test]
fn delays_are_rounded_as_documented() {
    let steps = |ms: f64, dt: f64| delay_steps(ms * 1e-3, dt).unwrap();
    assert_eq!([0.0, 0.04, 0.05, 0.06, 0.15, 0.25].map(|ms| steps(ms, DT)), [0, 0, 1, 1, 1, 3]);
    assert_eq!([0.02, 0.025, 2.35].map(|ms| steps(ms, 5e-5)), [0, 1, 47]);
    for bad in [-1e-9, f64::NAN, f64::INFINITY, 101.0] {
        assert_eq!(delay_steps(bad, DT), None, "{bad}");
    }
    let runs = Runs::new(2, &[0, 1], &Delays::Each(vec![1e-3, -1e-3].into()), DT);
    assert_eq!(runs, Err(BadDelay { synapse: Some(1), delay: -1e-3 }));
}

#[test]
fn one_delay_makes_one_run_of_each_neuron() {
    let runs = Runs::new(4, &[2, 0, 2, 0, 3], &Delays::Same(1e-3), DT).unwrap();
    assert_eq!(runs.synapses(), [1, 3, 0, 2, 4]);
    assert_eq!(runs.of_neuron, [0, 1, 1, 2, 3]);
    let mut queue = Queue::new(runs);
    let mut due = Vec::new();
    for step in 0..12 {
        queue.push([0, 2].into_iter().filter(|_| step == 0));
        queue.pop(&mut due);
        assert_eq!(due.len(), if step == 10 { 2 } else { 0 }, "{step}");
    }
}

#[test]
fn events_outlive_a_change_of_the_step() {
    let neuron_of = [0, 0, 1];
    let delays = Delays::Each(vec![1e-3, 1.04e-3, 0.0].into());
    let mut queue = Queue::new(Runs::new(2, &neuron_of, &delays, DT).unwrap());
    let mut due = Vec::new();
    queue.push([0].into_iter());
    queue.pop(&mut due);
    assert!(due.is_empty());
    // 9 steps of 0.1 ms are left, 18 of 0.05 ms; both synapses had one delay, and have two now.
    let runs = Runs::new(2, &neuron_of, &delays, DT / 2.0).unwrap();
    assert_eq!(runs.of_neuron, [0, 2, 3]);
    let mut queue = queue.rescaled(runs, DT, DT / 2.0);
    let after = through_queue(&mut queue, &vec![Vec::new(); 25]);
    let at: Vec<_> = (0..25).filter(|&step| !after[step].is_empty()).collect();
    assert_eq!((at, &after[18]), (vec![18], &vec![0, 1]));
    // Events that are sent now have the delays of the new step.
    let after = through_queue(&mut queue, &[&[vec![0]][..], &vec![Vec::new(); 25]].concat());
    assert_eq!((&after[20], &after[21]), (&vec![0], &vec![1]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_arrive_when_and_in_which_order_they_should(
        synapses in prop::collection::vec((0_u32..6, 0_u32..12), 0..40),
        fired in prop::collection::vec(prop::collection::btree_set(0_u32..6, 0..6), 1..40),
        same in any::<bool>(),
    ) {
        let neuron_of: Vec<u32> = synapses.iter().map(|synapse| synapse.0).collect();
        let delay = |&(_, steps): &(u32, u32)| if same { 3e-4 } else { f64::from(steps) * DT };
        let each: Vec<f64> = synapses.iter().map(delay).collect();
        let delays = if same { Delays::Same(3e-4) } else { Delays::Each(each.clone().into()) };
        let fired: Vec<Vec<u32>> = fired.into_iter().map(|step| step.into_iter().collect()).collect();
        let mut queue = Queue::new(Runs::new(6, &neuron_of, &delays, DT).unwrap());
        prop_assert_eq!(through_queue(&mut queue, &fired), plainly(&neuron_of, &each, &fired, DT));
    }
}
