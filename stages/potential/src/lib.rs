//! Field potentials: cables, kernels, head models.
