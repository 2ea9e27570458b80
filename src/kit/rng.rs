//! Random numbers, always from a seed: the same seed gives the same run.

/// A seeded stream of random numbers. Small, fast, not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(fastrand::Rng);

impl Rng {
    /// A stream that depends on `seed` only.
    pub fn new(seed: u64) -> Rng {
        Rng(fastrand::Rng::with_seed(mix64(seed)))
    }
    /// Uniform over all 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0.u64(..)
    }
    /// Uniform in [0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        self.0.f64()
    }
    /// Uniform in 0..bound; 0 where `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.u64(..bound) }
    }
    /// True with this probability (0: never; 1: always).
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }
    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }
    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let r = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        r * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// A bijective mix of 64 bits (splitmix64's finaliser): a counter-based generator when fed `seed + i`.
#[inline]
pub const fn mix64(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The seed of an independent stream of a run; `kind` and `number` name the stream.
pub const fn stream_seed(seed: u64, kind: u64, number: u64) -> u64 {
    mix64(mix64(seed ^ mix64(kind)) ^ number)
}
