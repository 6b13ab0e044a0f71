//! Which stages run together: a stage whose rows are not kept, and all that read it.
//!
//! Groups are made as small as possible, but so that they can run one after the other: a stage that lies
//! on a way from one member of a group to another becomes a member too.

use crate::diagnostic::Diagnostic;
use crate::graph::{BoundStage, Component};
use crate::kind::Grain;
use crate::pipeline_file::Pipeline;

/// What runs one after the other: groups, and with a search all that its rounds learn from.
pub(crate) fn components(pipeline: &Pipeline, stages: &[BoundStage], problems: &mut Vec<Diagnostic>) -> Vec<Component> {
    let groups = groups(pipeline, stages, problems);
    let mut reaches = reachability(stages);
    // Feedback closes circles.
    for (number, stage) in stages.iter().enumerate() {
        for port in &stage.feedback {
            let before: Vec<usize> = (0..stages.len()).filter(|&s| s == port.stage || reaches[s][port.stage]).collect();
            let after: Vec<usize> = (0..stages.len()).filter(|&s| s == number || reaches[number][s]).collect();
            before.iter().for_each(|&b| after.iter().for_each(|&a| reaches[b][a] = true));
        }
    }
    let group_reaches = |a: &[usize], b: &[usize]| a.iter().any(|&a| b.iter().any(|&b| reaches[a][b]));
    let mut components: Vec<Component> = Vec::new();
    for group in groups {
        let own = components.iter_mut().find(|component| {
            let with = |other: &Vec<usize>| group_reaches(&group, other) && group_reaches(other, &group);
            component.groups.iter().any(with)
        });
        let search = group.iter().copied().find(|&s| stages[s].bound().rounds().is_some());
        match own {
            Some(component) => {
                if let (Some(first), Some(second)) = (component.search, search) {
                    let message = format!(
                        "`{}` would search within the rounds of `{}`; one of them must come after the other",
                        stages[second].spec_name(),
                        stages[first].spec_name()
                    );
                    let field = format!("stages.{}", stages[second].spec_name());
                    problems.push(pipeline.source.diagnostic(&field, message));
                }
                component.search = component.search.or(search);
                component.groups.push(group);
            }
            None => components.push(Component { groups: vec![group], search }),
        }
    }
    let members = |component: &Component| component.groups.concat();
    let mut ordered: Vec<Component> = Vec::new();
    while !components.is_empty() {
        let ready = (0..components.len()).find(|&at| {
            let own = members(&components[at]);
            (0..components.len()).all(|other| other == at || !group_reaches(&members(&components[other]), &own))
        });
        ordered.push(components.remove(ready.unwrap_or(0)));
    }
    ordered
}

/// Groups of stages by number, each in order, in an order in which inputs come first.
fn groups(pipeline: &Pipeline, stages: &[BoundStage], problems: &mut Vec<Diagnostic>) -> Vec<Vec<usize>> {
    let n = stages.len();
    let mut group: Vec<usize> = (0..n).collect();
    for (number, stage) in stages.iter().enumerate() {
        for port in stage.ports.iter().filter(|port| !stages[port.stage].spec.keep) {
            merge(&mut group, number, port.stage);
        }
    }
    let reaches = reachability(stages);
    loop {
        let between = (0..n).find_map(|x| {
            let before = (0..n).find(|&a| {
                group[a] != group[x] && reaches[a][x] && (0..n).any(|b| group[b] == group[a] && reaches[x][b])
            })?;
            Some((x, before))
        });
        match between {
            Some((x, member)) => merge(&mut group, x, member),
            None => break,
        }
    }
    check(pipeline, stages, &group, problems);
    // Numbers of stages are topological, so by its last member a group comes after all that it needs.
    let mut result: Vec<Vec<usize>> = Vec::new();
    let mut names: Vec<usize> = group.clone();
    names.sort_unstable();
    names.dedup();
    for name in names {
        result.push((0..n).filter(|&s| group[s] == name).collect());
    }
    order(result, stages)
}

fn merge(group: &mut [usize], a: usize, b: usize) {
    let (from, to) = (group[a], group[b]);
    group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
}

fn reachability(stages: &[BoundStage]) -> Vec<Vec<bool>> {
    let mut reaches = vec![vec![false; stages.len()]; stages.len()];
    for (number, stage) in stages.iter().enumerate() {
        for from in stage.needs() {
            for row in &mut reaches {
                row[number] |= row[from];
            }
            reaches[from][number] = true;
        }
    }
    reaches
}

fn order(groups: Vec<Vec<usize>>, stages: &[BoundStage]) -> Vec<Vec<usize>> {
    let mut waiting = groups;
    let mut done: Vec<usize> = Vec::new();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|members| {
            let inputs = members.iter().flat_map(|&m| stages[m].needs());
            inputs.into_iter().all(|input| members.contains(&input) || done.contains(&input))
        });
        let members = waiting.remove(ready.unwrap_or(0));
        done.extend(&members);
        ordered.push(members);
    }
    ordered
}

fn check(pipeline: &Pipeline, stages: &[BoundStage], group: &[usize], problems: &mut Vec<Diagnostic>) {
    for (number, stage) in stages.iter().enumerate().filter(|(_, stage)| !stage.spec.keep) {
        let field = format!("stages.{}.keep", stage.name);
        if stage.bound().grain == Grain::Table {
            let message = "`keep: false` is for sample-wise stages: whole tables are always kept";
            problems.push(pipeline.source.diagnostic(&field, message));
        }
        for (_, reader) in stages
            .iter()
            .enumerate()
            .filter(|(r, reader)| *r != number && reader.ports.iter().any(|p| p.stage == number))
        {
            let fused = reader.bound().grain == Grain::Sample
                && reader.domain.is_sample_wise() == stage.domain.is_sample_wise();
            if !fused {
                let message = format!(
                    "`keep: false` drops the rows batch by batch, but `{}` needs the whole table; keep it, or put a sample-wise stage between",
                    reader.name
                );
                problems.push(pipeline.source.diagnostic(&field, message));
            }
        }
    }
    for (number, stage) in stages.iter().enumerate().filter(|(_, stage)| stage.bound().grain == Grain::Table) {
        if group.iter().filter(|g| **g == group[number]).count() > 1 && stage.spec.keep {
            let message = format!(
                "`{}` needs a whole table, but lies between stages that run together because of `keep: false`",
                stage.name
            );
            problems.push(pipeline.source.diagnostic(&format!("stages.{}", stage.name), message));
        }
    }
}
