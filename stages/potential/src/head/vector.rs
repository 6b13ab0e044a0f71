//! The three products of vectors that head models need.

use super::Vector;

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// `a + factor b`.
pub(super) fn add(a: Vector, factor: f64, b: Vector) -> Vector {
    [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]
}

pub(super) fn scale(factor: f64, a: Vector) -> Vector {
    a.map(|x| factor * x)
}

/// Length, free of overflow for any place one can write down in um.
pub(super) fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}
