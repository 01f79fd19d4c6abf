//! Memory that tasks share, and that a thread has to itself.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::isa::Isa;

/// A slice that tasks write, each its own part.
#[derive(Debug)]
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    lives: PhantomData<&'a mut [T]>,
}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<'_, T> {}

// SAFETY: it is a slice that may be sent, and whoever writes answers for parts that do not overlap.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), lives: PhantomData }
    }

    /// Where a number is, to ask for its memory.
    pub(crate) fn address(&self, at: usize) -> *const T {
        self.start.wrapping_add(at)
    }

    /// A part of the slice.
    ///
    /// # Safety
    ///
    /// No other task asks for the same numbers.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, from: usize, len: usize) -> &'a mut [T] {
        assert!(from + len <= self.len, "a part of a tensor");
        // SAFETY: it is inside, and nobody else's.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}

/// Numbers as they are packed for the vectors of an implementation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    lanes: usize,
    /// Numbers of a cell.
    depth: usize,
}

impl Units {
    pub(crate) fn of<I: Isa>() -> Self {
        Self { lanes: I::LANES, depth: if I::PAIRS { 2 } else { 1 } }
    }

    pub(crate) fn vectors(self, numbers: usize) -> usize {
        numbers.div_ceil(self.lanes)
    }

    /// Columns with those that fill up the last vector.
    pub(crate) fn padded(self, numbers: usize) -> usize {
        self.vectors(numbers) * self.lanes
    }

    pub(crate) fn cells(self, numbers: usize) -> usize {
        numbers.div_ceil(self.depth)
    }
}

/// Does something with memory of this thread, which the system need not clear each time.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Vec<u32>)) {
    thread_local! {
        static SCRATCH: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(work);
}

/// Parts of the memory of a thread, one after the other, aligned to vectors.
pub(crate) struct Scratch<'a>(&'a mut [u32]);

impl<'a> Scratch<'a> {
    /// Memory for parts of these sizes.
    pub(crate) fn new(memory: &'a mut Vec<u32>, sizes: &[usize]) -> Self {
        const ALIGNED: usize = 16;
        let len: usize = sizes.iter().map(|size| size.next_multiple_of(ALIGNED)).sum();
        if memory.len() < len + ALIGNED {
            memory.resize(len + ALIGNED, 0);
        }
        let skip = memory.as_ptr().align_offset(ALIGNED * size_of::<u32>());
        Self(&mut memory[skip..])
    }

    pub(crate) fn take(&mut self, size: usize) -> &'a mut [u32] {
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(size.next_multiple_of(16));
        self.0 = rest;
        &mut taken[..size]
    }
}
