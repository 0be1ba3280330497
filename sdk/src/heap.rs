//! A component's heap, for an instance that answers one question and is gone.
//!
//! The standard library's allocator grows the memory for its first block. Growing is what a host pays most for: its
//! kernel changes what is accessible, there and back for every call, and stops the other processors for it. This heap
//! begins in memory that is there from the start and grows only past that.
//!
//! Blocks have sizes of powers of two. A freed one is taken again for the next of its size; none is joined with another
//! or given back, for the instance is gone before that would pay.

#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::Layout;
use std::ptr;

/// Bytes of the smallest block, and what every block is aligned to.
const SMALLEST: usize = 16;

/// From [`SMALLEST`] to all that 32 bits can address.
const CLASSES: usize = 28;

/// Free memory: what was never taken, and what was given back.
struct Blocks {
    /// Where the memory begins that was never taken, a multiple of [`SMALLEST`].
    top: *mut u8,
    /// How many bytes there are of it.
    left: usize,
    /// For each class, the block that was given back last. It holds the address of the one before it.
    free: [*mut u8; CLASSES],
}

/// Whose blocks are at least so large.
fn class(bytes: usize) -> usize {
    let smaller = (bytes.max(SMALLEST) - 1) / SMALLEST;
    (usize::BITS - smaller.leading_zeros()) as usize
}

impl Blocks {
    const fn new() -> Self {
        Self { top: ptr::null_mut(), left: 0, free: [ptr::null_mut(); CLASSES] }
    }

    /// A block; null where there is none left.
    fn take(&mut self, layout: Layout) -> *mut u8 {
        let class = class(layout.size());
        let Some(&freed) = self.free.get(class) else { return ptr::null_mut() };
        // Blocks are aligned to no more than the smallest size; who wants more gets one that was never taken.
        if !freed.is_null() && layout.align() <= SMALLEST {
            // SAFETY: a block in a list is nobody's, has room for an address and is aligned for one, and `give` wrote
            // one there.
            self.free[class] = unsafe { freed.cast::<*mut u8>().read() };
            return freed;
        }
        let skip = self.top.align_offset(layout.align().max(SMALLEST));
        let taken = skip.saturating_add(SMALLEST << class);
        if taken > self.left {
            return ptr::null_mut();
        }
        // SAFETY: `taken` bytes from `top` on are this heap's and were never handed out.
        let block = unsafe { self.top.add(skip) };
        self.top = unsafe { self.top.add(taken) };
        self.left -= taken;
        block
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It came from [`take`](Self::take) with this layout and is used no more.
    unsafe fn give(&mut self, block: *mut u8, layout: Layout) {
        let class = class(layout.size());
        // SAFETY: every block has room for an address and is aligned for one, and this one is nobody's now.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    /// Adds memory: to what there is where it follows that, else in the place of it.
    ///
    /// # Safety
    /// So many bytes from `begin` on, a multiple of [`SMALLEST`], are nobody else's.
    unsafe fn add(&mut self, begin: *mut u8, bytes: usize) {
        if self.top.wrapping_add(self.left) == begin {
            self.left += bytes;
        } else {
            (self.top, self.left) = (begin, bytes);
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod global {
    //! The one heap of a component.

    use std::alloc::{GlobalAlloc, Layout};
    use std::arch::wasm32::memory_grow;
    use std::cell::UnsafeCell;
    use std::ptr;

    use super::{Blocks, class};

    /// Bytes that are there from the start. Twice what the largest of the bundled governors takes for an ordinary event.
    const ARENA_BYTES: usize = 128 * 1024;

    /// Bytes of a page of memory.
    const PAGE: usize = 64 * 1024;

    #[repr(align(16))]
    struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

    struct Heap(UnsafeCell<Blocks>);

    // SAFETY: a component of this contract has one thread.
    unsafe impl Sync for Arena {}
    // SAFETY: as above; and no method of the heap calls anything that could come back to it.
    unsafe impl Sync for Heap {}

    static ARENA: Arena = Arena(UnsafeCell::new([0; ARENA_BYTES]));

    #[global_allocator]
    static HEAP: Heap = Heap(UnsafeCell::new(Blocks::new()));

    // SAFETY: blocks are disjoint, as large and as aligned as they were asked for, and stay until they are given back.
    unsafe impl GlobalAlloc for Heap {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: nobody else looks at the blocks meanwhile.
            let blocks = unsafe { &mut *self.0.get() };
            let block = blocks.take(layout);
            if block.is_null() { more(blocks, layout) } else { block }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as above, and whoever gives a block back took it with this layout.
            unsafe { (*self.0.get()).give(block, layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
            if class(layout.size()) == class(bytes) {
                return block;
            }
            // SAFETY: the caller sees to it that so many bytes with this alignment are a layout; the new block is
            // another than the old one.
            unsafe {
                let moved = self.alloc(Layout::from_size_align_unchecked(bytes, layout.align()));
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(bytes));
                    self.dealloc(block, layout);
                }
                moved
            }
        }
    }

    /// A block of memory that is new: the arena's, where nothing was taken yet, or grown.
    #[cold]
    fn more(blocks: &mut Blocks, layout: Layout) -> *mut u8 {
        if blocks.top.is_null() {
            // SAFETY: the arena is aligned, and nobody but this heap knows of it.
            unsafe { blocks.add(ARENA.0.get().cast(), ARENA_BYTES) };
            let block = blocks.take(layout);
            if !block.is_null() {
                return block;
            }
        }
        let wanted = layout.size().next_power_of_two().saturating_add(layout.align());
        let pages = wanted.div_ceil(PAGE);
        let page = memory_grow::<0>(pages);
        if page == usize::MAX {
            return ptr::null_mut();
        }
        // SAFETY: grown memory begins with a page and is nobody's.
        unsafe { blocks.add(ptr::with_exposed_provenance_mut(page * PAGE), pages * PAGE) };
        blocks.take(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heap of so many bytes, and the memory it is over.
    fn heap(bytes: usize) -> (Blocks, Vec<u128>) {
        let mut memory = vec![0_u128; bytes / SMALLEST];
        let mut blocks = Blocks::new();
        // SAFETY: the vector is kept as long as the heap and used by nobody else.
        unsafe { blocks.add(memory.as_mut_ptr().cast(), bytes) };
        (blocks, memory)
    }

    fn layout(bytes: usize, align: usize) -> Layout {
        Layout::from_size_align(bytes, align).unwrap()
    }

    #[test]
    fn blocks_are_powers_of_two_from_16_bytes_on() {
        let room = |bytes| SMALLEST << class(bytes);
        assert_eq!([1, 16, 17, 32, 33, 1000, 65_536].map(room), [16, 16, 32, 32, 64, 1024, 65_536]);
    }

    #[test]
    fn a_block_that_was_given_back_is_the_next_of_its_size() {
        let (mut blocks, _memory) = heap(1024);
        let (small, large) = (layout(20, 8), layout(100, 8));
        let (a, b, c) = (blocks.take(small), blocks.take(large), blocks.take(small));
        assert!(a < b && b < c, "each has its place");
        // SAFETY: all three came from this heap with these layouts, and are not used.
        unsafe {
            blocks.give(a, small);
            blocks.give(c, small);
            blocks.give(b, large);
        }
        assert_eq!([blocks.take(small), blocks.take(large), blocks.take(small)], [c, b, a]);
    }

    #[test]
    fn what_is_not_there_is_not_handed_out() {
        let (mut blocks, _memory) = heap(128);
        assert!(blocks.take(layout(129, 1)).is_null());
        assert!(!blocks.take(layout(100, 1)).is_null());
        assert!(blocks.take(layout(1, 1)).is_null());
    }

    #[test]
    fn a_block_is_aligned_as_it_was_asked_for() {
        let (mut blocks, _memory) = heap(4096);
        for align in [1, 16, 64, 256, 16] {
            let block = blocks.take(layout(24, align));
            assert_eq!(block.align_offset(align), 0, "{align}");
            // SAFETY: it came from this heap with this layout, and is not used.
            unsafe { blocks.give(block, layout(24, align)) };
        }
    }

    #[test]
    fn memory_that_follows_is_joined() {
        let (mut blocks, mut memory) = heap(128);
        let begin: *mut u8 = memory.as_mut_ptr().cast();
        let mut blocks_of_half = Blocks::new();
        // SAFETY: the other heap is not used.
        unsafe {
            blocks_of_half.add(begin, 64);
            blocks_of_half.add(begin.add(64), 64);
        }
        assert_eq!(blocks_of_half.take(layout(128, 16)), blocks.take(layout(128, 16)));
    }
}
