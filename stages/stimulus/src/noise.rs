//! Waveforms of random numbers: the number of a sample decides which it gets.

use lapicque_numerics::random::{Generator, StreamKey};

/// Samples that share a generator.
const BLOCK: u64 = 64;

/// How samples follow from standard normal numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Process {
    /// scale N.
    Independent { scale: f64 },
    /// X <- mean + keep (X - mean) + kick N, from `first`.
    Chain { mean: f64, keep: f64, kick: f64, first: First },
}

/// The first sample of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum First {
    /// mean + sd N.
    Normal { sd: f64 },
    /// The mean times a uniform number.
    Uniform,
}

/// Samples of a process, one after the other; any other order gives the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Noise {
    process: Process,
    key: StreamKey,
    /// The sample whose normal number is next.
    next: u64,
    generator: Generator,
    last: f64,
}

impl Noise {
    pub(crate) fn new(process: Process, key: StreamKey) -> Self {
        let key = key.derive("normal");
        Self { process, key, next: 0, generator: key.at(0), last: 0.0 }
    }

    /// Adds samples `first`, `first + 1`, ... to `values`.
    pub(crate) fn add(&mut self, first: u64, values: &mut [f64]) {
        match self.process {
            Process::Independent { scale } => {
                self.go_to(first);
                for value in values {
                    *value += scale * self.normal();
                }
            }
            Process::Chain { .. } => {
                // What comes before a later sample decides it.
                if first < self.next {
                    self.go_to(0);
                }
                while self.next < first {
                    self.step();
                }
                for value in values {
                    self.step();
                    *value += self.last;
                }
            }
        }
    }

    fn step(&mut self) {
        let Process::Chain { mean, keep, kick, first } = self.process else {
            return;
        };
        let is_first = self.next == 0;
        let normal = self.normal();
        self.last = match first {
            _ if !is_first => mean + keep * (self.last - mean) + kick * normal,
            First::Normal { sd } => mean + sd * normal,
            First::Uniform => mean * self.key.stream("first", 0).uniform(),
        };
    }

    fn normal(&mut self) -> f64 {
        if self.next.is_multiple_of(BLOCK) {
            self.generator = self.key.at(self.next / BLOCK);
        }
        self.next += 1;
        self.generator.normal()
    }

    fn go_to(&mut self, sample: u64) {
        if sample == self.next {
            return;
        }
        self.next = sample - sample % BLOCK;
        self.generator = self.key.at(self.next / BLOCK);
        while self.next < sample {
            self.normal();
        }
    }
}
