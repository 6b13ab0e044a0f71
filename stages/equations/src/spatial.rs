//! Neurons with a form: morphologies, and the cable equation on them.
//!
//! [`Morphology`] has the geometry of compartments, [`points`] makes it of points with diameters, [`swc`] reads those of
//! files. A [`Cable`] makes steps of the membrane potential, [`membrane`] takes its currents from equations.
//!
//! A section is an unbranched row of compartments. Each compartment is a truncated cone of length l with the diameters
//! d1 and d2 at its ends and d = (d1 + d2)/2; the sphere of a soma has l = d1 = d2.
//!
//! | | cone | sphere |
//! |---|---|---|
//! | area | pi/2 (d1 + d2) sqrt((d1 - d2)^2/4 + l^2) | pi d^2 |
//! | volume | pi/12 l (d1^2 + d1 d2 + d2^2) | pi/6 d^3 |
//! | r1, from its begin to its midpoint | pi/2 d1 d/l | 1 m |
//! | r2, from its midpoint to its end | pi/2 d d2/l | 1 m |
//!
//! r is the conductance of a half times the resistivity; within a sphere there is practically no resistance. Its
//! sections begin at its midpoint, so that it adds nothing to distances.
//!
//! The membrane potential v of compartment i, with the area A, follows
//!
//! ```text
//! Cm dv_i/dt = I0_i - gtot_i v_i + (sum over neighbours j of g_ij (v_j - v_i))/A_i
//! g_ij = 1/(Ri (1/r2 of the one nearer to the root + 1/r1 of the other))
//! ```
//!
//! with sealed ends. Where a section goes on as two or more, or several begin at the root, there is a node without a
//! membrane: no current is left over, and each compartment is connected to it by its r/Ri. A step of backward Euler solves
//!
//! ```text
//! (Cm/dt + gtot_i) v_i' - (sum over j of g_ij (v_j' - v_i'))/A_i = Cm/dt v_i + I0_i
//! ```
//!
//! from the tips to the root and back, in a time proportional to the number of compartments (Hines 1984). What is kept
//! of each compartment on the way is its conductance to outside, not the diagonal of the matrix: all is then sums of
//! positive numbers (as in Grassmann et al. 1985), and nothing cancels where a sphere with nearly no resistance stands
//! beside a thin branch.
//!
//! | symbol | meaning | unit |
//! |---|---|---|
//! | Cm | capacitance of the membrane | F/m^2 |
//! | Ri | resistivity within | ohm m |
//! | gtot | conductance of the membrane, minus the derivative of its current by v | S/m^2 |
//! | I0 | current of the membrane at v = 0, into the compartment | A/m^2 |
//! | v | membrane potential | V |
//!
//! A current in A into a compartment is part of I0 after division by its area. Variables of channels make their step
//! first, with the old v; gtot and I0 are of their new values.
//!
//! References: Rall (1962) Annals of the New York Academy of Sciences 96:1071, doi:10.1111/j.1749-6632.1962.tb54120.x;
//! Hines (1984) International Journal of Bio-Medical Computing 15:69, doi:10.1016/0020-7101(84)90008-4; Grassmann, Taksar
//! & Heyman (1985) Operations Research 33:1107, doi:10.1287/opre.33.5.1107; Mascagni & Sherman (1998) in Methods in
//! Neuronal Modeling, 2nd ed., ch. 14; of SWC files Cannon et al. (1998) Journal of Neuroscience Methods 84:49,
//! doi:10.1016/S0165-0270(98)00091-0.

mod cable;
pub mod membrane;
mod morphology;
pub mod points;
pub mod swc;

pub use cable::{Cable, CableError, Scratch};
pub use morphology::{Compartment, MAX_COMPARTMENTS, Morphology, MorphologyError, Section, Shape};
