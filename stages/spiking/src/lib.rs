//! Simulation of networks of spiking point neurons.
