//! The vector instructions that kernels are written over.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod instructions;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

pub(crate) use instructions::{Isa, Work};

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// None but those that each processor has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F.
    Avx512,
    /// AVX-512 F and BF16.
    Avx512Bf16,
    /// NEON.
    Neon,
}

impl Set {
    /// The best set of this processor, for tensors of 16-bit numbers or of f32.
    #[must_use]
    pub fn best(is_narrow: bool) -> Self {
        let order = [Self::Avx512Bf16, Self::Avx512, Self::Avx2, Self::Neon];
        let fits = |set: &Self| set.is_here() && (is_narrow || *set != Self::Avx512Bf16);
        order.into_iter().find(fits).unwrap_or(Self::Portable)
    }

    /// Whether this processor has the set.
    #[must_use]
    pub fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512bf16")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    /// All sets of this processor.
    pub fn here() -> impl Iterator<Item = Self> {
        let all = [Self::Portable, Self::Avx2, Self::Avx512, Self::Avx512Bf16, Self::Neon];
        all.into_iter().filter(|set| set.is_here())
    }

    /// Does work on tensors of 16-bit numbers or of f32 with the instructions of the set; with portable ones if the
    /// processor does not have it. f32 is not rounded to pairs of bf16.
    pub(crate) fn run(self, is_narrow: bool, work: impl Work) {
        let set = if self == Self::Avx512Bf16 && !is_narrow { Self::Avx512 } else { self };
        let set = if set.is_here() { set } else { Self::Portable };
        // SAFETY: the processor has the instructions.
        unsafe {
            match set {
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => avx2::run(work),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => avx512::run(work),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512Bf16 => avx512::run_bf16(work),
                #[cfg(target_arch = "aarch64")]
                Self::Neon => neon::run(work),
                _ => work.run::<portable::Portable>(),
            }
        }
    }
}
