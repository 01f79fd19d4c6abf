//! What kernels are written over.

use half::bf16;

/// Vectors of f32, and products of *cells*: 32 bits that hold an f32, or a pair of bf16.
///
/// Functions of an implementation may be called only where the processor has its instructions, inside of a function that
/// is compiled for them, which does [`Work`].
///
/// # Safety
///
/// `load` and `store` read and write `LANES` numbers at their pointer, aligned to 4 bytes; others touch no memory.
pub(crate) unsafe trait Isa: Copy {
    /// A vector of f32.
    type V: Copy;

    /// Numbers of a vector.
    const LANES: usize;
    /// How many vectors beside each other make good use of the registers, with six below each other.
    const TILE: usize;
    /// Whether cells are pairs of bf16.
    const PAIRS: bool;

    fn splat(x: f32) -> Self::V;
    /// # Safety
    /// See the trait.
    unsafe fn load(from: *const f32) -> Self::V;
    /// # Safety
    /// See the trait.
    unsafe fn store(to: *mut f32, x: Self::V);
    fn add(x: Self::V, y: Self::V) -> Self::V;
    fn subtract(x: Self::V, y: Self::V) -> Self::V;
    fn multiply(x: Self::V, y: Self::V) -> Self::V;
    /// `x y + z`
    fn multiply_add(x: Self::V, y: Self::V, z: Self::V) -> Self::V;
    /// `x / y`; within 1/8,000 where cells are pairs, for `y` from 1e-38 to 1e38.
    fn divide(x: Self::V, y: Self::V) -> Self::V;
    /// The larger numbers; `y` where one of the two is NaN.
    fn maximum(x: Self::V, y: Self::V) -> Self::V;
    /// To the nearest integer.
    fn round(x: Self::V) -> Self::V;
    /// `2^x` of integers from -127 on, which is taken for 0; any number of NaN.
    fn power_of_two(x: Self::V) -> Self::V;
    /// `sum + x y`, with cells of `x` and `y`; of pairs both products are added.
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// The largest number; any where one is NaN.
    #[inline(always)]
    fn largest(x: Self::V) -> f32 {
        reduced::<Self>(x, |x, y| if x > y { x } else { y })
    }
    /// The sum of the numbers.
    #[inline(always)]
    fn sum(x: Self::V) -> f32 {
        reduced::<Self>(x, |x, y| x + y)
    }
    /// The vector as numbers of bf16.
    ///
    /// # Safety
    ///
    /// Writes `LANES` numbers at the pointer.
    unsafe fn store_bf16(to: *mut u16, x: Self::V) {
        let mut numbers = [0f32; 16];
        // SAFETY: no vector has more numbers than the array; the caller answers for the pointer.
        unsafe {
            Self::store(numbers.as_mut_ptr(), x);
            for (i, &number) in numbers[..Self::LANES].iter().enumerate() {
                to.add(i).write_unaligned(bf16::from_f32(number).to_bits());
            }
        }
    }
    /// As many numbers of bf16 as a vector has.
    ///
    /// # Safety
    ///
    /// Reads `LANES` numbers at the pointer.
    unsafe fn load_bf16(from: *const u16) -> Self::V {
        let mut numbers = [0f32; 16];
        // SAFETY: no vector has more numbers than the array; the caller answers for the pointer.
        unsafe {
            for (i, number) in numbers[..Self::LANES].iter_mut().enumerate() {
                *number = f32::from_bits(u32::from(from.add(i).read_unaligned()) << 16);
            }
            Self::load(numbers.as_ptr())
        }
    }

    /// The vector in which all cells are the one at the pointer.
    ///
    /// # Safety
    ///
    /// The pointer is to a cell.
    #[inline(always)]
    unsafe fn broadcast(from: *const u32) -> Self::V {
        // SAFETY: as the caller says.
        Self::splat(unsafe { f32::from_bits(*from) })
    }

    /// Asks for the line of the first cache that an address is in. Any address will do.
    #[inline(always)]
    fn prefetch<T>(_address: *const T) {}

    /// `e^x` of numbers that are not large; 0 below -88, NaN of NaN. Within 2 units in the last place; within 1/20,000
    /// where cells are pairs, since it is rounded to 8 bits there.
    #[inline(always)]
    fn exponential(x: Self::V) -> Self::V {
        let x = Self::maximum(Self::splat(-127.0 * std::f32::consts::LN_2), x);
        let n = Self::round(Self::multiply(x, Self::splat(std::f32::consts::LOG2_E)));
        // ln 2 in two parts, of which the first times n is exact.
        let f = Self::multiply_add(n, Self::splat(-0.693_359_4), x);
        let f = Self::multiply_add(n, Self::splat(2.121_944_4e-4), f);
        // The Taylor series on ±ln(2)/2 with its last terms adjusted (Cephes, expf).
        let mut p = Self::splat(4.166_579_6e-2);
        if !Self::PAIRS {
            p = Self::splat(1.987_569_1e-4);
            for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2] {
                p = Self::multiply_add(p, f, Self::splat(c));
            }
        }
        for c in [1.666_666_6e-1, 0.5] {
            p = Self::multiply_add(p, f, Self::splat(c));
        }
        let p = Self::multiply_add(p, Self::multiply(f, f), Self::add(f, Self::splat(1.0)));
        Self::multiply(p, Self::power_of_two(n))
    }
}

/// One number of all of a vector: of halves, of halves of these, and so on.
#[inline(always)]
fn reduced<I: Isa>(x: I::V, two: impl Fn(f32, f32) -> f32) -> f32 {
    let mut numbers = [0.0; 16];
    // SAFETY: no vector has more numbers.
    unsafe { I::store(numbers.as_mut_ptr(), x) };
    let mut half = I::LANES / 2;
    while half > 0 {
        for i in 0..half {
            numbers[i] = two(numbers[i], numbers[i + half]);
        }
        half /= 2;
    }
    numbers[0]
}

/// Something to do with the instructions of a set.
pub(crate) trait Work {
    /// # Safety
    ///
    /// The processor has the instructions.
    unsafe fn run<I: Isa>(self);
}
