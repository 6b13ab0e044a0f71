//! How many templates of a series match each other, over m and over m + 1 values.
//!
//! Template i is x_i .. x_(i+m-1), a point in m dimensions. The first n - m of them, with one dimension
//! more, lie in a k-d tree: halves at the median of the widest dimension, down to leaves of some dozen
//! points. For each template the tree is descended once, for the templates behind it in the order of the
//! leaves, so that each pair is looked at once and counts for both. Boxes that lie within the tolerance as a
//! whole are counted without looking at their points, boxes outside are left out. Distances are those of
//! floating-point differences everywhere: a box is in or out exactly when all its points are. The last
//! template has no further value and is compared with all others.

/// Values that templates are compared over at most, `m`.
pub const LONGEST_TEMPLATE: usize = 6;

/// Points of a leaf at most.
const LEAF: usize = 24;
/// Templates between two looks whether to stop.
const STRIDE: usize = 1024;

/// Somebody asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the end")]
pub struct Stopped;

/// Matches of each template, itself included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matches {
    /// Of the n - m + 1 templates of m values.
    pub(super) of_order: Vec<u64>,
    /// Of the n - m templates of m + 1 values.
    pub(super) of_next: Vec<u64>,
}

/// Matches within `tolerance` of a series of more than `order` finite values; `None` for fewer, and for an order
/// that is 0 or above [`LONGEST_TEMPLATE`].
pub(super) fn matches(
    series: &[f64],
    order: usize,
    tolerance: f64,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Matches>, Stopped> {
    if series.len() <= order || series.len() > u32::MAX as usize {
        return Ok(None);
    }
    let mut matches = match order {
        1 => counted::<2>(series, tolerance, stop)?,
        2 => counted::<3>(series, tolerance, stop)?,
        3 => counted::<4>(series, tolerance, stop)?,
        4 => counted::<5>(series, tolerance, stop)?,
        5 => counted::<6>(series, tolerance, stop)?,
        6 => counted::<7>(series, tolerance, stop)?,
        _ => return Ok(None),
    };
    let last = series.len() - order;
    let mut own = 1;
    for (i, count) in matches.of_order.iter_mut().enumerate() {
        let near = (0..order).all(|d| (series[i + d] - series[last + d]).abs() <= tolerance);
        *count += u64::from(near);
        own += u64::from(near);
    }
    matches.of_order.push(own);
    Ok(Some(matches))
}

/// Among the templates of D values: matches over D - 1 and over D values.
fn counted<const D: usize>(series: &[f64], tolerance: f64, stop: &dyn Fn() -> bool) -> Result<Matches, Stopped> {
    let tree = Tree::<D>::new(series);
    let count = tree.templates.len();
    let itself = || vec![1; count];
    let of_nodes = || vec![0; tree.nodes.len()];
    let mut found = [Found { points: itself(), nodes: of_nodes() }, Found { points: itself(), nodes: of_nodes() }];
    let mut open = Vec::new();
    // In the order of the tree, so that neighbours find what they need in the cache.
    for place in 0..count {
        if place % STRIDE == 0 && stop() {
            return Err(Stopped);
        }
        tree.match_later(place, tolerance, &mut open, &mut found);
    }
    let [of_order, of_next] = found.map(|found| tree.by_template(found));
    Ok(Matches { of_order, of_next })
}

/// Matches that were found so far.
struct Found {
    /// Of the point at each place.
    points: Vec<u64>,
    /// Of every point of a node.
    nodes: Vec<u64>,
}

struct Tree<const D: usize> {
    /// In the order in which leaves have them: the template at each place, and its values by dimension.
    templates: Vec<u32>,
    points: [Vec<f64>; D],
    nodes: Vec<Node<D>>,
}

/// A box around the points at some places.
struct Node<const D: usize> {
    low: [f64; D],
    high: [f64; D],
    begin: u32,
    end: u32,
    /// The node of the second half; the first half is the next node. 0 for a leaf.
    second: u32,
}

/// A node to look at, and what of it is still to be counted.
#[derive(Clone, Copy)]
struct Open {
    node: u32,
    order: bool,
    next: bool,
}

impl<const D: usize> Tree<D> {
    fn new(series: &[f64]) -> Self {
        let count = series.len() + 1 - D;
        let mut templates: Vec<u32> = (0..count as u32).collect();
        let mut nodes = Vec::with_capacity(4 * count / LEAF + 1);
        build(series, &mut templates, 0, &mut nodes);
        let points = std::array::from_fn(|d| templates.iter().map(|&i| series[i as usize + d]).collect());
        Tree { templates, points, nodes }
    }

    /// Adds the matches of the point at a place with all points behind it.
    fn match_later(&self, place: usize, tolerance: f64, open: &mut Vec<Open>, found: &mut [Found; 2]) {
        let at: [f64; D] = std::array::from_fn(|d| self.points[d][place]);
        let [of_order, of_next] = found;
        open.clear();
        open.push(Open { node: 0, order: true, next: true });
        while let Some(Open { node, mut order, mut next }) = open.pop() {
            let number = node as usize;
            let Node { low, high, begin, end, second } = &self.nodes[number];
            let outside = |d: usize| low[d] - at[d] > tolerance || at[d] - high[d] > tolerance;
            let inside = |d: usize| at[d] - low[d] <= tolerance && high[d] - at[d] <= tolerance;
            let (begin, end) = (*begin as usize, *end as usize);
            if end <= place + 1 || (0..D - 1).any(outside) {
                continue;
            }
            let is_behind = begin > place;
            let all_match = is_behind && (0..D - 1).all(inside);
            if all_match && order {
                of_order.points[place] += (end - begin) as u64;
                of_order.nodes[number] += 1;
                order = false;
            }
            if all_match && next && inside(D - 1) {
                of_next.points[place] += (end - begin) as u64;
                of_next.nodes[number] += 1;
                next = false;
            }
            next = next && !outside(D - 1);
            if !(order || next) {
                continue;
            }
            if *second != 0 {
                open.push(Open { node: *second, order, next });
                open.push(Open { node: node + 1, order, next });
                continue;
            }
            let places = begin.max(place + 1)..end;
            let mut near = [1_u64; LEAF];
            let near = &mut near[..places.len()];
            // Without `order` all points are near over all dimensions but the last.
            if order {
                for (points, at) in self.points.iter().zip(&at).take(D - 1) {
                    keep_near(near, &points[places.clone()], *at, tolerance);
                }
                if of_order.add(place, places.clone(), near) == 0 {
                    continue;
                }
            }
            if next {
                keep_near(near, &self.points[D - 1][places.clone()], at[D - 1], tolerance);
                of_next.add(place, places, near);
            }
        }
    }

    /// What was found of each template, in their order.
    fn by_template(&self, mut found: Found) -> Vec<u64> {
        for (node, matches) in self.nodes.iter().zip(&found.nodes).filter(|(_, matches)| **matches > 0) {
            for point in &mut found.points[node.begin as usize..node.end as usize] {
                *point += matches;
            }
        }
        let mut by_template = vec![0; found.points.len()];
        for (template, matches) in self.templates.iter().zip(found.points) {
            by_template[*template as usize] = matches;
        }
        by_template
    }
}

impl Found {
    /// Adds the matches of the point at a place with those at others, 1 where there is one. Returns how many.
    fn add(&mut self, place: usize, others: std::ops::Range<usize>, near: &[u64]) -> u64 {
        let matches = near.iter().sum();
        if matches > 0 {
            self.points[place] += matches;
            self.points[others].iter_mut().zip(near).for_each(|(point, near)| *point += near);
        }
        matches
    }
}

/// 0 for what is not near in this dimension either.
fn keep_near(near: &mut [u64], points: &[f64], at: f64, tolerance: f64) {
    for (near, x) in near.iter_mut().zip(points) {
        *near &= u64::from((x - at).abs() <= tolerance);
    }
}

/// Adds the node of these templates, whose first one has the place `begin`, and all below it; orders them.
fn build<const D: usize>(series: &[f64], templates: &mut [u32], begin: usize, nodes: &mut Vec<Node<D>>) {
    let (mut low, mut high) = ([f64::INFINITY; D], [f64::NEG_INFINITY; D]);
    for &i in templates.iter() {
        for d in 0..D {
            let x = series[i as usize + d];
            low[d] = low[d].min(x);
            high[d] = high[d].max(x);
        }
    }
    let number = nodes.len();
    let end = begin + templates.len();
    nodes.push(Node { low, high, begin: begin as u32, end: end as u32, second: 0 });
    if templates.len() <= LEAF {
        return;
    }
    let widest = (1..D).fold(0, |widest, d| if high[d] - low[d] > high[widest] - low[widest] { d } else { widest });
    let half = templates.len() / 2;
    // Equal values in the order of templates: the tree, though not the counts, would depend on the sort otherwise.
    templates.select_nth_unstable_by(half, |&a, &b| {
        series[a as usize + widest].total_cmp(&series[b as usize + widest]).then(a.cmp(&b))
    });
    let (first, second) = templates.split_at_mut(half);
    build(series, first, begin, nodes);
    nodes[number].second = nodes.len() as u32;
    build(series, second, begin + half, nodes);
}
